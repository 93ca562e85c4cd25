/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One window of the guest, toplevel or popup: its surface, its pictures, its frame.
 *
 * A window is in the table from window_new or popup_new until window_gone. Its objects at the
 * compositor come and go within that time (realize, unrealize), always in the order a sane client
 * uses: role before surface, popups before their parent. */
#pragma once

#include "bh-border.h"
#include "bh-display.h"
#include "bh-slots.h"

typedef enum
{
  BH_WINDOW_TOPLEVEL,
  BH_WINDOW_POPUP
} BhWindowKind;

/* A picture of the guest, checked. */
typedef struct
{
  BhSlot *slot; /* NULL: no picture */
  int width, height, stride;
  int logical_width, logical_height;
  guint32 serial; /* the configure it answers */
} BhPicture;

typedef struct
{
  guint32 serial, host_serial;
  int width, height; /* outer, logical; 0: any */
  guint32 states;    /* BH_STATE_* */
} BhConfigure;

struct _BhWindow
{
  BhProxy *proxy;
  guint32 id, launch;
  BhWindowKind kind;
  guint32 parent; /* an id; perhaps of a window that has gone */
  gboolean dead;  /* a popup the host has dismissed; waits for window_gone */

  BhSurfaceTag tag;
  struct wl_surface *surface; /* NULL when not realized */
  struct wp_viewport *viewport;
  struct wp_fractional_scale_v1 *fractional;
  struct xdg_surface *xdg;
  struct xdg_toplevel *toplevel;
  struct zxdg_toplevel_decoration_v1 *decoration;
  struct xdg_popup *popup;
  struct wl_callback *frame;
  GPtrArray *entered; /* wl_output the surface is on */
  guint scale_120;
  BhBorder *border;

  GPtrArray *sets;
  BhPicture shown, waiting; /* waiting: for the first configure */
  gboolean configured, mapped;
  GArray *configures; /* BhConfigure sent and not answered, oldest first */
  BhConfigure pending, latest, acked;
  guint refresh;

  /* toplevels */
  char *title, *app;
  gboolean has_parent; /* the compositor was told of the parent */
  gboolean titled;     /* title and app are set at the compositor */
  int limits[4];       /* min width, min height, max width, max height */
  int bounds[2];
  /* popups */
  bh_msg_popup_new place;
  guint32 grab_serial; /* the compositor's; 0: none */
  gboolean grabbed;
  guint32 token;
  int x, y; /* of the frame, relative to the parent's frame */
};

BhWindow *bh_window_new (BhProxy *proxy, guint32 id, BhWindowKind kind);
void bh_window_free (BhWindow *window);

/* Make or destroy what the compositor knows of @window. */
void bh_window_realize (BhWindow *window);
void bh_window_unrealize (BhWindow *window);

/* Give the pictures it holds back to the guest. */
void bh_window_drop_pictures (BhWindow *window);

/* Surface, frame and xdg_surface, for the roles. */
void bh_window_create_surface (BhWindow *window);

/* Show @picture now, or when there was a first configure. @damage: NULL for all of it. */
void bh_window_show (BhWindow *window, const BhPicture *picture, const BhRects *damage);

/* The compositor's configure is complete: number it for the guest. Returns the guest's serial. */
guint32 bh_window_add_configure (BhWindow *window, guint32 host_serial);
/* Whether the guest can have been told @serial. */
gboolean bh_window_knows_serial (BhWindow *window, guint32 serial);

/* Answer configures that need no picture of the guest. */
void bh_window_settle (BhWindow *window);

/* Bring frame and title up to date soon. */
void bh_window_queue_refresh (BhWindow *window);
void bh_window_set_hover (BhWindow *window, BhArea area);

/* The frame's margins in state @states. */
BhMargins bh_window_margins (BhWindow *window, guint32 states);

void bh_window_update_scale (BhWindow *window);
void bh_window_output_gone (BhWindow *window, struct wl_output *output);

/* bh-toplevel.c */
void bh_toplevel_realize (BhWindow *window);
void bh_toplevel_configured (BhWindow *window, guint32 host_serial);
void bh_toplevel_push_names (BhWindow *window);
void bh_toplevel_push_limits (BhWindow *window);
void bh_toplevel_push_parent (BhWindow *window);
/* The compositor forgets the parent. */
void bh_toplevel_forget_parent (BhWindow *window);
void bh_toplevel_request (BhWindow *window, guint32 request);
/* Something was done to the frame: @serial is the compositor's. */
void bh_toplevel_press (BhWindow *window, BhArea area, guint32 serial);

/* bh-popup.c */
void bh_popup_realize (BhWindow *window);
void bh_popup_configured (BhWindow *window, guint32 host_serial);
void bh_popup_move (BhWindow *window, const bh_msg_popup_move *untrusted);
