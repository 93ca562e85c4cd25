/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * xdg_positioner and xdg_popup: menus. Where a popup goes is the host's to say; the positioner's values
 * are passed on. */
#include <glib.h>

#include "bh-seat.h"
#include "bh-xdg-shell.h"
#include "xdg-shell-server.h"

static void popup_committed (BhSurface *surface);
static void popup_surface_gone (BhSurface *surface);

const BhRole bh_xdg_popup_role = {
  .name = "xdg_popup",
  .check = bh_xdg_surface_check,
  .committed = popup_committed,
  .gone = popup_surface_gone,
};

static void
invalid (struct wl_resource *resource, const char *what)
{
  wl_resource_post_error (resource, XDG_POSITIONER_ERROR_INVALID_INPUT, "%s", what);
}

static void
positioner_set_size (struct wl_client *client, struct wl_resource *resource, int32_t width,
                     int32_t height)
{
  BhPositioner *positioner = wl_resource_get_user_data (resource);

  if (width < 1 || height < 1)
    {
      invalid (resource, "width and height must be positive");
      return;
    }
  positioner->width = MIN (width, BH_MAX_SIDE);
  positioner->height = MIN (height, BH_MAX_SIDE);
}

static void
positioner_set_anchor_rect (struct wl_client *client, struct wl_resource *resource, int32_t x,
                            int32_t y, int32_t width, int32_t height)
{
  BhPositioner *positioner = wl_resource_get_user_data (resource);

  if (width < 0 || height < 0)
    {
      invalid (resource, "width and height must not be negative");
      return;
    }
  positioner->anchor_rect =
      (BhRect){ CLAMP (x, -BH_COORD, BH_COORD), CLAMP (y, -BH_COORD, BH_COORD),
                MIN (width, BH_MAX_SIDE), MIN (height, BH_MAX_SIDE) };
}

static void
positioner_set_anchor (struct wl_client *client, struct wl_resource *resource, uint32_t anchor)
{
  BhPositioner *positioner = wl_resource_get_user_data (resource);

  if (anchor > XDG_POSITIONER_ANCHOR_BOTTOM_RIGHT)
    invalid (resource, "no such anchor");
  else
    positioner->anchor = anchor;
}

static void
positioner_set_gravity (struct wl_client *client, struct wl_resource *resource, uint32_t gravity)
{
  BhPositioner *positioner = wl_resource_get_user_data (resource);

  if (gravity > XDG_POSITIONER_GRAVITY_BOTTOM_RIGHT)
    invalid (resource, "no such gravity");
  else
    positioner->gravity = gravity;
}

static void
positioner_set_constraint_adjustment (struct wl_client *client, struct wl_resource *resource,
                                      uint32_t adjustment)
{
  BhPositioner *positioner = wl_resource_get_user_data (resource);

  positioner->constraint = adjustment & 63;
}

static void
positioner_set_offset (struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y)
{
  BhPositioner *positioner = wl_resource_get_user_data (resource);

  positioner->offset_x = CLAMP (x, -BH_COORD, BH_COORD);
  positioner->offset_y = CLAMP (y, -BH_COORD, BH_COORD);
}

static void
positioner_set_reactive (struct wl_client *client, struct wl_resource *resource)
{
  BhPositioner *positioner = wl_resource_get_user_data (resource);

  positioner->reactive = true;
}

static void
positioner_set_parent_size (struct wl_client *client, struct wl_resource *resource, int32_t width,
                            int32_t height)
{
  /* The host knows the parent's size best. */
}

static void
positioner_set_parent_configure (struct wl_client *client, struct wl_resource *resource,
                                 uint32_t serial)
{
}

static const struct xdg_positioner_interface positioner_implementation = {
  .destroy = bh_server_destroy_resource,
  .set_size = positioner_set_size,
  .set_anchor_rect = positioner_set_anchor_rect,
  .set_anchor = positioner_set_anchor,
  .set_gravity = positioner_set_gravity,
  .set_constraint_adjustment = positioner_set_constraint_adjustment,
  .set_offset = positioner_set_offset,
  .set_reactive = positioner_set_reactive,
  .set_parent_size = positioner_set_parent_size,
  .set_parent_configure = positioner_set_parent_configure,
};

static void
positioner_gone (struct wl_resource *resource)
{
  g_free (wl_resource_get_user_data (resource));
}

void
bh_positioner_create (struct wl_client *client, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &xdg_positioner_interface, (int) version, id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &positioner_implementation, g_new0 (BhPositioner, 1),
                                  positioner_gone);
}

/* Both messages of a popup end in the same fields. */
#define FILL_POSITIONER(message, p)                                                                \
  do                                                                                               \
    {                                                                                              \
      (message).anchor_x = (p)->anchor_rect.x;                                                     \
      (message).anchor_y = (p)->anchor_rect.y;                                                     \
      (message).anchor_width = (p)->anchor_rect.width;                                             \
      (message).anchor_height = (p)->anchor_rect.height;                                           \
      (message).width = (p)->width;                                                                \
      (message).height = (p)->height;                                                              \
      (message).anchor = (p)->anchor;                                                              \
      (message).gravity = (p)->gravity;                                                            \
      (message).constraint = (p)->constraint;                                                      \
      (message).offset_x = (p)->offset_x;                                                          \
      (message).offset_y = (p)->offset_y;                                                          \
      (message).reactive = (p)->reactive;                                                          \
    }                                                                                              \
  while (0)

static bool
announce (BhWindow *window)
{
  BhXdgSurface *xdg = window->owner;
  BhXdgPopup *popup = xdg->popup;
  bh_msg_popup_new new = { .window = window->id, .grab = popup->grab };

  new.parent = popup->parent->window->id;
  FILL_POSITIONER (new, &popup->positioner);
  return bh_link_send (window->server->link, BH_MSG_POPUP_NEW, &new);
}

static void
send_dirty (BhWindow *window)
{
}

static void
window_message (BhWindow *window, const BhMessage *message)
{
  BhXdgSurface *xdg = window->owner;
  BhXdgPopup *popup = xdg->popup;

  if (!popup)
    return;
  if (message->type == BH_MSG_POPUP_CONFIGURE)
    {
      const bh_msg_popup_configure *configure = &message->popup_configure;

      if (configure->token && configure->token == popup->token)
        {
          popup->token = 0;
          xdg_popup_send_repositioned (popup->resource, popup->client_token);
        }
      xdg_popup_send_configure (popup->resource, configure->x, configure->y,
                                (int32_t) configure->width, (int32_t) configure->height);
      bh_xdg_surface_configure (xdg, configure->serial);
    }
  else if (message->type == BH_MSG_POPUP_DONE)
    bh_xdg_popup_dismiss (popup);
}

static const BhWindowFuncs window_funcs = {
  .announce = announce,
  .send_dirty = send_dirty,
  .message = window_message,
};

void
bh_xdg_popup_dismiss (BhXdgPopup *popup)
{
  if (popup->dismissed)
    return;
  popup->dismissed = true;
  if (popup->xdg)
    {
      /* Its own popups are told first, and the host before it could hear of its parent's end. */
      bh_xdg_surface_dismiss_popups (popup->xdg);
      g_clear_pointer (&popup->xdg->window, bh_window_free);
      popup->xdg->mapped = false;
    }
  xdg_popup_send_popup_done (popup->resource);
}

static void
popup_committed (BhSurface *surface)
{
  BhXdgSurface *xdg = surface->role_object;
  BhXdgPopup *popup = xdg ? xdg->popup : NULL;

  if (!popup || popup->dismissed)
    return;
  if (!xdg->window
      && (!popup->parent || !popup->parent->window || !popup->parent->window->announced))
    {
      bh_xdg_popup_dismiss (popup);
      return;
    }
  bh_xdg_surface_committed (xdg, &window_funcs, true);
}

static void
popup_surface_gone (BhSurface *surface)
{
  BhXdgSurface *xdg = surface->role_object;

  if (xdg)
    bh_xdg_surface_unmap (xdg);
}

static void
popup_destroy (struct wl_client *client, struct wl_resource *resource)
{
  BhXdgPopup *popup = wl_resource_get_user_data (resource), *child;

  if (popup->xdg)
    {
      wl_list_for_each (child, &popup->xdg->popups, sibling)
      {
        if (!child->dismissed && popup->xdg->shell)
          {
            wl_resource_post_error (popup->xdg->shell, XDG_WM_BASE_ERROR_NOT_THE_TOPMOST_POPUP,
                                    "a popup with popups of its own cannot go");
            return;
          }
      }
    }
  wl_resource_destroy (resource);
}

static void
popup_grab (struct wl_client *client, struct wl_resource *resource, struct wl_resource *seat,
            uint32_t serial)
{
  BhXdgPopup *popup = wl_resource_get_user_data (resource);

  if (popup->xdg && popup->xdg->window)
    {
      wl_resource_post_error (resource, XDG_POPUP_ERROR_INVALID_GRAB,
                              "grab after the first commit");
      return;
    }
  popup->grab = serial;
}

static void
popup_reposition (struct wl_client *client, struct wl_resource *resource,
                  struct wl_resource *positioner, uint32_t token)
{
  static uint32_t last;
  BhXdgPopup *popup = wl_resource_get_user_data (resource);
  BhWindow *window = popup->xdg ? popup->xdg->window : NULL;
  bh_msg_popup_move move;

  popup->positioner = *(BhPositioner *) wl_resource_get_user_data (positioner);
  if (popup->positioner.width < 1 || !window || !window->announced)
    return;
  popup->client_token = token;
  popup->token = ++last ? last : ++last;
  move = (bh_msg_popup_move){ .window = window->id, .token = popup->token };
  FILL_POSITIONER (move, &popup->positioner);
  bh_link_send (window->server->link, BH_MSG_POPUP_MOVE, &move);
}

static const struct xdg_popup_interface popup_implementation = {
  .destroy = popup_destroy,
  .grab = popup_grab,
  .reposition = popup_reposition,
};

static void
popup_gone (struct wl_resource *resource)
{
  BhXdgPopup *popup = wl_resource_get_user_data (resource);

  if (popup->xdg)
    {
      bh_xdg_surface_reset (popup->xdg);
      popup->xdg->popup = NULL;
    }
  wl_list_remove (&popup->sibling);
  g_free (popup);
}

void
bh_xdg_popup_create (BhXdgSurface *xdg, struct wl_client *client, uint32_t id, BhXdgSurface *parent,
                     struct wl_resource *positioner_resource)
{
  BhPositioner *positioner = wl_resource_get_user_data (positioner_resource);
  BhXdgPopup *popup;

  if (positioner->width < 1)
    {
      wl_resource_post_error (xdg->shell ? xdg->shell : xdg->resource,
                              XDG_WM_BASE_ERROR_INVALID_POSITIONER, "the positioner has no size");
      return;
    }
  popup = g_new0 (BhXdgPopup, 1);
  popup->resource = wl_resource_create (client, &xdg_popup_interface,
                                        wl_resource_get_version (xdg->resource), id);
  if (!popup->resource)
    {
      g_free (popup);
      wl_client_post_no_memory (client);
      return;
    }
  popup->xdg = xdg;
  popup->parent = parent;
  popup->positioner = *positioner;
  xdg->popup = popup;
  wl_list_insert (&parent->popups, &popup->sibling);
  wl_resource_set_implementation (popup->resource, &popup_implementation, popup, popup_gone);
}
