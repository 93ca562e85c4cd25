/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Wayland server for the programs in this guest: what all its parts share. */
#pragma once

#include <stdbool.h>
#include <wayland-server.h>

#include "bh-link.h"

typedef struct _BhServer BhServer;
typedef struct _BhSurface BhSurface;
typedef struct _BhWindow BhWindow;
typedef struct _BhSeat BhSeat;

/* What the server asks of the rest of the agent. */
typedef struct
{
  uint32_t (*launch_of) (void *data, pid_t pid);
} BhServerFuncs;

struct _BhServer
{
  struct wl_display *display;
  struct wl_event_loop *loop;
  BhLink *link;
  const BhServerFuncs *funcs;
  void *data;

  struct wl_list surfaces; /* BhSurface.link */
  struct wl_list windows;  /* BhWindow.link, parents before their popups */
  uint32_t last_window;
  struct wl_event_source *tick; /* for callbacks that no frame_done answers */
  bool ticking;
  bool pending; /* something is to be done before the main loop may sleep */

  /* The one output, in its own pixels. */
  int32_t output_width, output_height, output_scale_120, output_refresh;
  struct wl_list outputs, xdg_outputs; /* resources */

  uint32_t backdrop; /* 0xRRGGBB */

  BhSeat *seat;
};

BhServer *bh_server_new (struct wl_display *display, BhLink *link, const BhServerFuncs *funcs,
                         void *data);
void bh_server_free (BhServer *server);

/* Open a socket in $XDG_RUNTIME_DIR; its name, or NULL. */
const char *bh_server_listen (BhServer *server);

/* A message of the display stream. */
void bh_server_message (BhServer *server, const BhMessage *message);

/* The channel is (again) there: announce everything. */
void bh_server_connected (BhServer *server);
void bh_server_disconnected (BhServer *server);

/* The channel has taken what was queued. */
void bh_server_drained (BhServer *server);

/* Do what has been put off to the end of a turn. */
void bh_server_update (BhServer *server);

bool bh_server_has_windows (const BhServer *server);

/* Fire frame callbacks of surfaces that are in no picture, at the output's rate. */
void bh_server_tick (BhServer *server);

uint32_t bh_server_time (void);

/* For requests that only destroy their object. */
void bh_server_destroy_resource (struct wl_client *client, struct wl_resource *resource);

/* A global whose resources have no state but @data. */
#define BH_BIND(function, iface, impl)                                                             \
  static void function (struct wl_client *client, void *data, uint32_t version, uint32_t id)       \
  {                                                                                                \
    struct wl_resource *resource = wl_resource_create (client, &iface, (int) version, id);         \
    if (resource)                                                                                  \
      wl_resource_set_implementation (resource, &impl, data, NULL);                                \
    else                                                                                           \
      wl_client_post_no_memory (client);                                                           \
  }
