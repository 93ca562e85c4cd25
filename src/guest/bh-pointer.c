/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_pointer. The host knows windows only; which surface of a window is meant is decided here. */
#include <glib.h>

#include "bh-cursor.h"
#include "bh-data-device.h"
#include "bh-seat.h"
#include "bh-subsurface.h"

/* clang-format off */
#define EACH_OF_FOCUS(seat, resource)                                                              \
  wl_resource_for_each (resource, &(seat)->pointers) if (                                          \
      (seat)->pointer.surface                                                                      \
      && wl_resource_get_client (resource)                                                         \
             == wl_resource_get_client ((seat)->pointer.surface->resource))
/* clang-format on */

static void
send_frame (struct wl_resource *resource)
{
  if (wl_resource_get_version (resource) >= WL_POINTER_FRAME_SINCE_VERSION)
    wl_pointer_send_frame (resource);
}

void
bh_pointer_focus (BhSeat *seat, BhSurface *surface, double sx, double sy)
{
  struct wl_resource *resource;
  BhSurface *old = seat->pointer.surface;

  if (old == surface)
    {
      seat->pointer.sx = sx;
      seat->pointer.sy = sy;
      return;
    }
  EACH_OF_FOCUS (seat, resource)
  {
    wl_pointer_send_leave (resource, seat->pointer.enter_serial, old->resource);
    send_frame (resource);
  }
  if (!old || !surface
      || wl_resource_get_client (old->resource) != wl_resource_get_client (surface->resource))
    seat->cursor.surface = NULL;
  seat->pointer.surface = surface;
  seat->pointer.sx = sx;
  seat->pointer.sy = sy;
  EACH_OF_FOCUS (seat, resource)
  {
    wl_pointer_send_enter (resource, seat->pointer.enter_serial, surface->resource,
                           wl_fixed_from_double (sx), wl_fixed_from_double (sy));
    send_frame (resource);
  }
}

/* The surface the point of the window is over; where it is in the one that has the pointer. */
static BhSurface *
locate (BhSeat *seat, double *sx, double *sy)
{
  BhWindow *window = seat->pointer.window;
  BhRect box = bh_window_get_box (window);
  double x = seat->pointer.x + box.x, y = seat->pointer.y + box.y;

  if (seat->pointer.buttons > 0 && seat->pointer.surface && !seat->drag.active)
    {
      *sx = x;
      *sy = y;
      bh_subsurface_to_local (seat->pointer.surface, sx, sy);
      return seat->pointer.surface;
    }
  return bh_scene_pick (window->surface, x, y, sx, sy);
}

void
bh_pointer_refresh (BhSeat *seat)
{
  double sx = 0, sy = 0;
  BhSurface *surface;

  if (!seat->pointer.window)
    return;
  surface = locate (seat, &sx, &sy);
  if (seat->drag.active)
    bh_drag_motion (seat, surface, sx, sy, bh_server_time ());
  else
    bh_pointer_focus (seat, surface, sx, sy);
}

static void
enter (BhSeat *seat, const bh_msg_pointer_enter *message)
{
  BhWindow *window = bh_window_find (seat->server, message->window);

  bh_pointer_focus (seat, NULL, 0, 0);
  seat->pointer.window = window;
  seat->pointer.buttons = 0;
  seat->pointer.enter_serial = message->serial;
  seat->pointer.x = wl_fixed_to_double (message->x);
  seat->pointer.y = wl_fixed_to_double (message->y);
  /* The host gives the pointer to a window again when its buttons are up: a drag has ended elsewhere. */
  bh_drag_cancel (seat);
  bh_pointer_refresh (seat);
}

static void
motion (BhSeat *seat, const bh_msg_pointer_motion *message)
{
  BhSurface *surface, *old = seat->pointer.surface;
  struct wl_resource *resource;
  double sx = 0, sy = 0;

  if (!seat->pointer.window)
    return;
  seat->pointer.x = wl_fixed_to_double (message->x);
  seat->pointer.y = wl_fixed_to_double (message->y);
  surface = locate (seat, &sx, &sy);
  if (seat->drag.active)
    {
      bh_drag_motion (seat, surface, sx, sy, message->time);
      return;
    }
  bh_pointer_focus (seat, surface, sx, sy);
  if (surface != old)
    return;
  EACH_OF_FOCUS (seat, resource)
  wl_pointer_send_motion (resource, message->time, wl_fixed_from_double (sx),
                          wl_fixed_from_double (sy));
}

static void
button (BhSeat *seat, const bh_msg_pointer_button *message)
{
  struct wl_resource *resource;

  if (message->pressed)
    seat->pointer.buttons++;
  else if (seat->pointer.buttons > 0)
    seat->pointer.buttons--;
  if (seat->drag.active)
    {
      if (seat->pointer.buttons == 0)
        {
          bh_drag_drop (seat);
          bh_pointer_refresh (seat);
        }
      return;
    }
  EACH_OF_FOCUS (seat, resource)
  wl_pointer_send_button (resource, message->serial, message->time, message->button,
                          message->pressed);
  if (seat->pointer.buttons == 0)
    bh_pointer_refresh (seat);
}

static void
axis (BhSeat *seat, const bh_msg_pointer_axis *message)
{
  struct wl_resource *resource;

  EACH_OF_FOCUS (seat, resource)
  {
    int version = wl_resource_get_version (resource);
    uint32_t source = message->source;

    if (version < WL_POINTER_AXIS_SOURCE_WHEEL_TILT_SINCE_VERSION
        && source == WL_POINTER_AXIS_SOURCE_WHEEL_TILT)
      source = WL_POINTER_AXIS_SOURCE_WHEEL;
    if (version >= WL_POINTER_AXIS_SOURCE_SINCE_VERSION && !seat->pointer.source_sent)
      wl_pointer_send_axis_source (resource, source);
    if (message->stop)
      {
        if (version >= WL_POINTER_AXIS_STOP_SINCE_VERSION)
          wl_pointer_send_axis_stop (resource, message->time, message->axis);
        continue;
      }
    if (message->discrete && version >= WL_POINTER_AXIS_VALUE120_SINCE_VERSION)
      wl_pointer_send_axis_value120 (resource, message->axis, message->discrete);
    else if (message->discrete / 120 && version >= WL_POINTER_AXIS_DISCRETE_SINCE_VERSION)
      wl_pointer_send_axis_discrete (resource, message->axis, message->discrete / 120);
    wl_pointer_send_axis (resource, message->time, message->axis, message->value);
  }
  seat->pointer.source_sent = true;
}

void
bh_pointer_message (BhSeat *seat, const BhMessage *message)
{
  struct wl_resource *resource;

  switch (message->type)
    {
    case BH_MSG_POINTER_ENTER:
      enter (seat, &message->pointer_enter);
      break;
    case BH_MSG_POINTER_LEAVE:
      bh_drag_leave (seat);
      bh_pointer_focus (seat, NULL, 0, 0);
      seat->pointer.window = NULL;
      seat->pointer.buttons = 0;
      break;
    case BH_MSG_POINTER_MOTION:
      motion (seat, &message->pointer_motion);
      break;
    case BH_MSG_POINTER_BUTTON:
      button (seat, &message->pointer_button);
      break;
    case BH_MSG_POINTER_AXIS:
      axis (seat, &message->pointer_axis);
      break;
    case BH_MSG_POINTER_FRAME:
      seat->pointer.source_sent = false;
      EACH_OF_FOCUS (seat, resource) send_frame (resource);
      break;
    default:
      break;
    }
}

static void
pointer_set_cursor (struct wl_client *client, struct wl_resource *resource, uint32_t serial,
                    struct wl_resource *surface_resource, int32_t hotspot_x, int32_t hotspot_y)
{
  BhSeat *seat = wl_resource_get_user_data (resource);
  BhSurface *surface = bh_surface_get (surface_resource);

  if (surface && !bh_surface_set_role (surface, &bh_cursor_role, resource, WL_POINTER_ERROR_ROLE))
    return;
  bh_cursor_set (seat, client, surface, hotspot_x, hotspot_y);
}

static const struct wl_pointer_interface pointer_implementation = {
  .set_cursor = pointer_set_cursor,
  .release = bh_server_destroy_resource,
};

static void
pointer_gone (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

void
bh_pointer_create (BhSeat *seat, struct wl_client *client, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &wl_pointer_interface, (int) version, id);
  BhSurface *surface = seat->pointer.surface;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &pointer_implementation, seat, pointer_gone);
  wl_list_insert (&seat->pointers, wl_resource_get_link (resource));
  if (surface && wl_resource_get_client (surface->resource) == client)
    {
      wl_pointer_send_enter (resource, seat->pointer.enter_serial, surface->resource,
                             wl_fixed_from_double (seat->pointer.sx),
                             wl_fixed_from_double (seat->pointer.sy));
      send_frame (resource);
    }
}
