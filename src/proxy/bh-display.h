/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection to the host's compositor: its globals and outputs.
 *
 * Only globals that any ordinary application uses are bound, at versions this code knows. */
#pragma once

#include <wayland-client.h>

#include "bh-proxy.h"

#include "fractional-scale-v1-client-protocol.h"
#include "viewporter-client-protocol.h"
#include "xdg-activation-v1-client-protocol.h"
#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-output-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"

typedef struct
{
  BhProxy *proxy;
  struct wl_output *output;
  struct zxdg_output_v1 *xdg; /* perhaps NULL */
  guint32 name;
  int width, height;                 /* of the mode, pixels */
  int logical_width, logical_height; /* 0: not told */
  int scale, transform, refresh;
} BhOutput;

struct _BhDisplay
{
  BhProxy *proxy;
  struct wl_display *display;
  struct wl_registry *registry;
  struct wl_compositor *compositor;
  struct wl_subcompositor *subcompositor;
  struct wl_shm *shm;
  struct wl_seat *seat;
  guint32 seat_name;
  struct xdg_wm_base *wm_base;
  /* Perhaps NULL: */
  struct wp_viewporter *viewporter;
  struct wp_fractional_scale_manager_v1 *fractional;
  struct zxdg_decoration_manager_v1 *decoration;
  struct xdg_activation_v1 *activation;
  struct zxdg_output_manager_v1 *xdg_outputs;
  GPtrArray *outputs; /* BhOutput */
  GSource *source;
  gboolean congested; /* the compositor does not read: requests wait in our buffer */
};

BhDisplay *bh_display_new (BhProxy *proxy, GError **error);
void bh_display_free (BhDisplay *display);

/* Read and dispatch from the main loop from now on. */
void bh_display_attach (BhDisplay *display);

/* Send what was asked for. FALSE while the compositor takes no more (then do nothing that asks for
 * more: libwayland ends the connection when its 4 KiB buffer is full as well). */
gboolean bh_display_flush (BhDisplay *display);

/* Take in, now, what the compositor has already said. Before work on a popup: wlroots takes a
 * popup's role away when it dismisses it, and treats a commit that crosses its popup_done as an
 * error of the client. Not from within an event of the display. */
void bh_display_drain (BhDisplay *display);

/* Logical size of the largest output and the largest scale: what limits of windows follow from. */
void bh_display_get_bounds (BhDisplay *display, int *width, int *height, int *scale);

/* Tell the guest about its one output. */
void bh_display_announce_output (BhDisplay *display);
