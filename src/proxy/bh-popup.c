/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Popups: xdg_popup with a frame of its own.
 *
 * Rules: a popup has a mapped parent, is no larger than the output, touches its parent, and grabs
 * only after a press the guest really got, and only on top of the popups that already do. The
 * positioner speaks of the frame: anchor and size grow by the frames' margins. */
#include "config.h"

#include "bh-guest-link.h"
#include "bh-seat.h"
#include "bh-window.h"
#include "bh-windows.h"

typedef struct
{
  int x, y, width, height;
} Box;

/* Where the popup's frame would be, in the parent's frame, if nothing constrained it. */
static Box
unconstrained (const Box *anchor_rect, int width, int height, guint32 anchor, guint32 gravity)
{
  /* Both enumerations count alike (xdg-shell.xml): none, top, bottom, left, right, and the corners.
   */
  static const signed char dx[] = { 0, 0, 0, -1, 1, -1, -1, 1, 1 };
  static const signed char dy[] = { 0, -1, 1, 0, 0, -1, 1, -1, 1 };
  int x = anchor_rect->x + anchor_rect->width * (dx[anchor] + 1) / 2;
  int y = anchor_rect->y + anchor_rect->height * (dy[anchor] + 1) / 2;

  return (Box){ x + width * (dx[gravity] - 1) / 2, y + height * (dy[gravity] - 1) / 2, width,
                height };
}

static struct xdg_positioner *
positioner_new (BhWindow *window, BhWindow *parent)
{
  const bh_msg_popup_new *place = &window->place;
  const BhLook *look = bh_border_get_look (parent->border);
  const BhMargins *pm = &look->margins;
  BhMargins m = bh_window_margins (window, 0);
  int parent_width = pm->left + look->width + pm->right;
  int parent_height = pm->top + look->height + pm->bottom;
  int most_width, most_height, scale, dx, dy;
  Box anchor, box;
  struct xdg_positioner *positioner =
      xdg_wm_base_create_positioner (window->proxy->display->wm_base);

  bh_display_get_bounds (window->proxy->display, &most_width, &most_height, &scale);
  /* The anchor has to lie in the parent (xdg-shell.xml, set_anchor_rect). */
  anchor.x = CLAMP (place->anchor_x + pm->left, 0, parent_width - 1);
  anchor.y = CLAMP (place->anchor_y + pm->top, 0, parent_height - 1);
  anchor.width =
      CLAMP (place->anchor_x + pm->left + place->anchor_width, anchor.x + 1, parent_width)
      - anchor.x;
  anchor.height =
      CLAMP (place->anchor_y + pm->top + place->anchor_height, anchor.y + 1, parent_height)
      - anchor.y;
  box = unconstrained (&anchor, MIN (place->width + m.left + m.right, most_width),
                       MIN (place->height + m.top + m.bottom, most_height), place->anchor,
                       place->gravity);
  /* And the popup has to touch it. */
  dx = CLAMP (place->offset_x, -(box.x + box.width), parent_width - box.x);
  dy = CLAMP (place->offset_y, -(box.y + box.height), parent_height - box.y);
  xdg_positioner_set_anchor_rect (positioner, anchor.x, anchor.y, anchor.width, anchor.height);
  xdg_positioner_set_size (positioner, box.width, box.height);
  xdg_positioner_set_anchor (positioner, place->anchor);
  xdg_positioner_set_gravity (positioner, place->gravity);
  xdg_positioner_set_constraint_adjustment (positioner, place->constraint);
  xdg_positioner_set_offset (positioner, dx, dy);
  if (place->reactive
      && xdg_positioner_get_version (positioner) >= XDG_POSITIONER_SET_REACTIVE_SINCE_VERSION)
    xdg_positioner_set_reactive (positioner);
  return positioner;
}

static void
popup_configure (void *data, struct xdg_popup *popup, int32_t x, int32_t y, int32_t width,
                 int32_t height)
{
  BhWindow *window = data;

  window->x = x;
  window->y = y;
  window->pending.width = MAX (width, 1);
  window->pending.height = MAX (height, 1);
}

static void
popup_done (void *data, struct xdg_popup *popup)
{
  BhWindow *window = data;

  bh_windows_dismiss (window->proxy->windows, window);
}

static void
popup_repositioned (void *data, struct xdg_popup *popup, uint32_t token)
{
  ((BhWindow *) data)->token = token;
}

static const struct xdg_popup_listener popup_listener = {
  .configure = popup_configure,
  .popup_done = popup_done,
  .repositioned = popup_repositioned,
};

void
bh_popup_realize (BhWindow *window)
{
  BhWindow *parent = bh_windows_find (window->proxy->windows, window->parent);
  struct wl_seat *seat = window->proxy->display->seat;
  struct xdg_positioner *positioner;

  if (!parent || !parent->mapped)
    {
      bh_windows_dismiss (window->proxy->windows, window);
      return;
    }
  bh_window_create_surface (window);
  positioner = positioner_new (window, parent);
  window->popup = xdg_surface_get_popup (window->xdg, parent->xdg, positioner);
  xdg_popup_add_listener (window->popup, &popup_listener, window);
  xdg_positioner_destroy (positioner);
  if (window->grab_serial && seat && bh_windows_may_grab (window->proxy->windows, parent))
    {
      xdg_popup_grab (window->popup, seat, window->grab_serial);
      window->grabbed = TRUE;
    }
  window->border = bh_border_new (window->proxy, window, window->surface);
  wl_surface_commit (window->surface);
}

void
bh_popup_configured (BhWindow *window, guint32 host_serial)
{
  BhWindow *parent = bh_windows_find (window->proxy->windows, window->parent);
  BhMargins m = bh_window_margins (window, 0), pm = { 0 };
  guint32 serial = bh_window_add_configure (window, host_serial);

  if (parent && parent->border)
    pm = bh_border_get_look (parent->border)->margins;
  BH_SEND (window->proxy, POPUP_CONFIGURE, popup_configure, .window = window->id, .serial = serial,
           .token = window->token, .x = CLAMP (window->x + m.left - pm.left, -BH_COORD, BH_COORD),
           .y = CLAMP (window->y + m.top - pm.top, -BH_COORD, BH_COORD),
           .width = CLAMP (window->pending.width - m.left - m.right, 1, BH_MAX_SIDE),
           .height = CLAMP (window->pending.height - m.top - m.bottom, 1, BH_MAX_SIDE));
  window->token = 0;
}

void
bh_popup_move (BhWindow *window, const bh_msg_popup_move *untrusted)
{
  BhWindow *parent = bh_windows_find (window->proxy->windows, window->parent);
  bh_msg_popup_new *place = &window->place;

  if (!window->popup || !parent || !parent->mapped)
    return;
  place->anchor_x = untrusted->anchor_x;
  place->anchor_y = untrusted->anchor_y;
  place->anchor_width = untrusted->anchor_width;
  place->anchor_height = untrusted->anchor_height;
  place->width = untrusted->width;
  place->height = untrusted->height;
  place->anchor = untrusted->anchor;
  place->gravity = untrusted->gravity;
  place->constraint = untrusted->constraint;
  place->offset_x = untrusted->offset_x;
  place->offset_y = untrusted->offset_y;
  place->reactive = untrusted->reactive;
  if (xdg_popup_get_version (window->popup) >= XDG_POPUP_REPOSITION_SINCE_VERSION)
    {
      struct xdg_positioner *positioner = positioner_new (window, parent);

      xdg_popup_reposition (window->popup, positioner, untrusted->token);
      xdg_positioner_destroy (positioner);
    }
  else if (!bh_windows_has_popups (window->proxy->windows, window))
    {
      /* An older compositor: the popup is made again at its new place, as GTK does it. */
      bh_window_unrealize (window);
      window->token = untrusted->token;
      bh_window_realize (window);
    }
  else
    {
      /* Not possible under its own popups: it stays where it is, with the size it asks for. */
      BhMargins m = bh_window_margins (window, 0);

      window->token = untrusted->token;
      window->pending = window->latest;
      window->pending.width = place->width + m.left + m.right;
      window->pending.height = place->height + m.top + m.bottom;
      bh_popup_configured (window, window->latest.host_serial);
    }
}
