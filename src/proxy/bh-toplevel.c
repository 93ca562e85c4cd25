/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Toplevels: xdg_toplevel with the guest's wishes checked and the frame's share taken off.
 *
 * Rules: what identifies a window (title, app id) begins with what the host knows; the guest's part
 * is cleaned and cut. Sizes of the guest are content, sizes of the compositor are frame. */
#include "config.h"

#include "bh-guest-link.h"
#include "bh-seat.h"
#include "bh-window.h"
#include "bh-windows.h"

static guint32
state_bit (uint32_t state)
{
  switch (state)
    {
    case XDG_TOPLEVEL_STATE_MAXIMIZED:
      return BH_STATE_MAXIMIZED;
    case XDG_TOPLEVEL_STATE_FULLSCREEN:
      return BH_STATE_FULLSCREEN;
    case XDG_TOPLEVEL_STATE_RESIZING:
      return BH_STATE_RESIZING;
    case XDG_TOPLEVEL_STATE_ACTIVATED:
      return BH_STATE_ACTIVATED;
    case XDG_TOPLEVEL_STATE_TILED_LEFT:
      return BH_STATE_TILED_LEFT;
    case XDG_TOPLEVEL_STATE_TILED_RIGHT:
      return BH_STATE_TILED_RIGHT;
    case XDG_TOPLEVEL_STATE_TILED_TOP:
      return BH_STATE_TILED_TOP;
    case XDG_TOPLEVEL_STATE_TILED_BOTTOM:
      return BH_STATE_TILED_BOTTOM;
    default:
      return 0;
    }
}

static void
toplevel_configure (void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height,
                    struct wl_array *states)
{
  BhWindow *window = data;
  uint32_t *state;

  window->pending.width = MAX (width, 0);
  window->pending.height = MAX (height, 0);
  window->pending.states = 0;
  wl_array_for_each (state, states) window->pending.states |= state_bit (*state);
}

static void
toplevel_close (void *data, struct xdg_toplevel *toplevel)
{
  BhWindow *window = data;

  BH_SEND (window->proxy, WINDOW_CLOSE, window_close, .window = window->id);
}

#ifdef XDG_TOPLEVEL_CONFIGURE_BOUNDS_SINCE_VERSION
static void
toplevel_bounds (void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height)
{
  BhWindow *window = data;

  window->bounds[0] = CLAMP (width, 0, BH_MAX_SIDE);
  window->bounds[1] = CLAMP (height, 0, BH_MAX_SIDE);
}
#endif

#ifdef XDG_TOPLEVEL_WM_CAPABILITIES_SINCE_VERSION
static void
toplevel_capabilities (void *data, struct xdg_toplevel *toplevel, struct wl_array *capabilities)
{
}
#endif

static const struct xdg_toplevel_listener toplevel_listener = {
  .configure = toplevel_configure,
  .close = toplevel_close,
#ifdef XDG_TOPLEVEL_CONFIGURE_BOUNDS_SINCE_VERSION
  .configure_bounds = toplevel_bounds,
#endif
#ifdef XDG_TOPLEVEL_WM_CAPABILITIES_SINCE_VERSION
  .wm_capabilities = toplevel_capabilities,
#endif
};

static void
decoration_configure (void *data, struct zxdg_toplevel_decoration_v1 *decoration, uint32_t mode)
{
  /* A compositor that insists on its own decoration puts it round the frame. */
}

static const struct zxdg_toplevel_decoration_v1_listener decoration_listener = {
  .configure = decoration_configure
};

void
bh_toplevel_realize (BhWindow *window)
{
  BhDisplay *display = window->proxy->display;

  bh_window_create_surface (window);
  window->toplevel = xdg_surface_get_toplevel (window->xdg);
  xdg_toplevel_add_listener (window->toplevel, &toplevel_listener, window);
  if (display->decoration)
    {
      window->decoration = zxdg_decoration_manager_v1_get_toplevel_decoration (display->decoration,
                                                                               window->toplevel);
      zxdg_toplevel_decoration_v1_add_listener (window->decoration, &decoration_listener, window);
      zxdg_toplevel_decoration_v1_set_mode (window->decoration,
                                            ZXDG_TOPLEVEL_DECORATION_V1_MODE_CLIENT_SIDE);
    }
  window->border = bh_border_new (window->proxy, window, window->surface);
  bh_toplevel_push_limits (window);
  bh_toplevel_push_parent (window);
  wl_surface_commit (window->surface);
}

static guint32
content_size (int outer, int margins)
{
  return outer > 0 ? (guint32) CLAMP (outer - margins, 1, BH_MAX_SIDE) : 0;
}

void
bh_toplevel_configured (BhWindow *window, guint32 host_serial)
{
  guint32 states = window->pending.states, before = window->latest.states;
  BhMargins m = bh_window_margins (window, states);
  guint32 serial = bh_window_add_configure (window, host_serial);

  BH_SEND (window->proxy, WINDOW_CONFIGURE, window_configure, .window = window->id,
           .serial = serial, .width = content_size (window->pending.width, m.left + m.right),
           .height = content_size (window->pending.height, m.top + m.bottom),
           .bounds_width = content_size (window->bounds[0], m.left + m.right),
           .bounds_height = content_size (window->bounds[1], m.top + m.bottom), .states = states);
  bh_window_settle (window);
  if ((before ^ states) & BH_STATE_ACTIVATED)
    bh_window_queue_refresh (window);
}

void
bh_toplevel_push_names (BhWindow *window)
{
  BhProxy *proxy = window->proxy;
  g_autofree char *title = NULL, *app = NULL;

  if (!window->toplevel)
    return;
  title = window->title[0] ? g_strdup_printf ("%s: %s", proxy->name, window->title)
                           : g_strdup (proxy->name);
  app = g_strdup_printf ("io.github.bulkhead.%s.%s", proxy->id, window->app);
  xdg_toplevel_set_title (window->toplevel, title);
  xdg_toplevel_set_app_id (window->toplevel, app);
  bh_border_set_title (window->border, window->title);
  window->titled = TRUE;
}

void
bh_toplevel_push_limits (BhWindow *window)
{
  BhMargins m = bh_window_margins (window, 0);
  int width = m.left + m.right, height = m.top + m.bottom;
  const int *l = window->limits;

  if (!window->toplevel)
    return;
  /* The least width of a frame is more than a small maximum would let it be. */
  xdg_toplevel_set_min_size (window->toplevel, MAX (l[0] + width, BH_FRAME_LEAST),
                             l[1] ? l[1] + height : 0);
  xdg_toplevel_set_max_size (window->toplevel, l[2] ? MAX (l[2] + width, BH_FRAME_LEAST) : 0,
                             l[3] ? l[3] + height : 0);
}

/* Only a mapped toplevel is a parent (xdg-shell.xml, xdg_toplevel.set_parent), and it is taken back
 * before either of the two goes: wlroots 0.15 keeps the child in a list of a parent that was
 * destroyed without having been mapped, and the compositor crashes. */
void
bh_toplevel_push_parent (BhWindow *window)
{
  BhWindow *parent = bh_windows_find (window->proxy->windows, window->parent);

  if (!window->toplevel)
    return;
  bh_toplevel_forget_parent (window);
  if (!parent || !parent->mapped || !parent->toplevel)
    return;
  xdg_toplevel_set_parent (window->toplevel, parent->toplevel);
  window->has_parent = TRUE;
}

void
bh_toplevel_forget_parent (BhWindow *window)
{
  if (window->has_parent)
    xdg_toplevel_set_parent (window->toplevel, NULL);
  window->has_parent = FALSE;
}

void
bh_toplevel_request (BhWindow *window, guint32 request)
{
  if (!window->toplevel)
    return;
  switch (request)
    {
    case BH_WINDOW_MAXIMIZE:
      xdg_toplevel_set_maximized (window->toplevel);
      break;
    case BH_WINDOW_UNMAXIMIZE:
      xdg_toplevel_unset_maximized (window->toplevel);
      break;
    case BH_WINDOW_FULLSCREEN:
      xdg_toplevel_set_fullscreen (window->toplevel, NULL);
      break;
    case BH_WINDOW_UNFULLSCREEN:
      xdg_toplevel_unset_fullscreen (window->toplevel);
      break;
    default:
      xdg_toplevel_set_minimized (window->toplevel);
    }
}

void
bh_toplevel_press (BhWindow *window, BhArea area, guint32 serial)
{
  struct wl_seat *seat = window->proxy->display->seat;

  if (!window->toplevel || !seat)
    return;
  switch (area)
    {
    case BH_AREA_CAPTION:
      xdg_toplevel_move (window->toplevel, seat, serial);
      break;
    case BH_AREA_MINIMIZE:
      xdg_toplevel_set_minimized (window->toplevel);
      break;
    case BH_AREA_MAXIMIZE:
      if (window->latest.states & BH_STATE_MAXIMIZED)
        xdg_toplevel_unset_maximized (window->toplevel);
      else
        xdg_toplevel_set_maximized (window->toplevel);
      break;
    case BH_AREA_CLOSE:
      BH_SEND (window->proxy, WINDOW_CLOSE, window_close, .window = window->id);
      break;
    default:
      if (area > BH_AREA_EDGE)
        xdg_toplevel_resize (window->toplevel, seat, serial, (uint32_t) (area - BH_AREA_EDGE));
    }
}
