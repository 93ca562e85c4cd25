/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The gate of one AppVM: what its parts share.
 *
 * Everything runs in one thread on the default main context (GDBus has a worker of its own that
 * never sees guest bytes). A part may use another only through its header; none keeps a pointer to
 * a BhWindow across a return to the main loop, except as user data of Wayland objects that the
 * window destroys first. */
#pragma once

#include <gio/gio.h>

#include "bh-color.h"
#include "bh-messages.h"

typedef struct _BhProxy BhProxy;
typedef struct _BhDisplay BhDisplay;
typedef struct _BhRegion BhRegion;
typedef struct _BhWindows BhWindows;
typedef struct _BhWindow BhWindow;
typedef struct _BhSeat BhSeat;
typedef struct _BhCursor BhCursor;
typedef struct _BhGuestLink BhGuestLink;
typedef struct _BhServiceLink BhServiceLink;
typedef struct _BhSound BhSound;
typedef struct _BhCamera BhCamera;

/* Exit codes; bulkhead-service and the tests read them. */
enum
{
  BH_EXIT_OK,      /* the service is gone */
  BH_EXIT_SETUP,   /* something could not be set up */
  BH_EXIT_USAGE,   /* a wrong command line */
  BH_EXIT_GUEST,   /* the guest closed its channel or broke the protocol */
  BH_EXIT_DISPLAY, /* the compositor is gone */
};

struct _BhProxy
{
  GMainLoop *loop;
  char *id, *name; /* of the AppVM, from its key file */
  BhColor color;

  BhDisplay *display;
  BhRegion *shared; /* the guest maps it as well; NULL without one */
  BhRegion *memory; /* for pictures that come by the channel; made when first needed */
  BhWindows *windows;
  BhSeat *seat;
  BhCursor *cursor;
  BhGuestLink *guest;
  BhServiceLink *service;
  BhSound *sound;
  BhCamera *camera;

  int exit_code;
  gboolean ended;
};

/* End the proxy: tell the service why (Failed) and leave the main loop. Only the first call counts.
 * @detail must not hold text of the guest. */
void bh_proxy_fail (BhProxy *proxy, int exit_code, const char *detail);

/* The service has closed its socket: end without a word. */
void bh_proxy_quit (BhProxy *proxy);

/* Whole logical pixels to pixels at a scale in 120ths, rounded as fractional-scale-v1.xml wants it.
 */
static inline int
bh_scale_px (int logical, guint scale_120)
{
  return (int) (((gint64) logical * scale_120 + 60) / 120);
}
