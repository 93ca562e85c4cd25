/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_touch. A finger belongs to the surface it came down on until it is lifted. */
#include <glib.h>

#include "bh-seat.h"

/* clang-format off */
#define EACH_OF(seat, resource, surface)                                                           \
  wl_resource_for_each (resource, &(seat)->touches) if (                                           \
      wl_resource_get_client (resource) == wl_resource_get_client ((surface)->resource))
/* clang-format on */

static BhTouch *
find (BhSeat *seat, int32_t id)
{
  for (unsigned i = 0; i < BH_MAX_TOUCHES; i++)
    if (seat->touch[i].active && seat->touch[i].id == id)
      return &seat->touch[i];
  return NULL;
}

static void
down (BhSeat *seat, const bh_msg_touch_down *message)
{
  BhWindow *window = bh_window_find (seat->server, message->window);
  double x = wl_fixed_to_double (message->x), y = wl_fixed_to_double (message->y), sx, sy;
  struct wl_resource *resource;
  BhTouch *touch = NULL;
  BhSurface *surface;
  BhRect box;

  if (!window || find (seat, message->id))
    return;
  for (unsigned i = 0; i < BH_MAX_TOUCHES && !touch; i++)
    if (!seat->touch[i].active)
      touch = &seat->touch[i];
  box = bh_window_get_box (window);
  surface = bh_scene_pick (window->surface, x + box.x, y + box.y, &sx, &sy);
  if (!surface || !touch)
    return;
  *touch = (BhTouch){ .active = true,
                      .id = message->id,
                      .surface = surface,
                      .window = window,
                      .offset_x = sx - x,
                      .offset_y = sy - y };
  EACH_OF (seat, resource, surface)
  wl_touch_send_down (resource, message->serial, message->time, surface->resource, message->id,
                      wl_fixed_from_double (sx), wl_fixed_from_double (sy));
}

static void
to_all (BhSeat *seat, void (*send) (struct wl_resource *resource))
{
  struct wl_resource *resource;

  wl_resource_for_each (resource, &seat->touches)
  {
    for (unsigned i = 0; i < BH_MAX_TOUCHES; i++)
      if (seat->touch[i].surface
          && wl_resource_get_client (resource)
                 == wl_resource_get_client (seat->touch[i].surface->resource))
        {
          send (resource);
          break;
        }
  }
}

void
bh_touch_cancel (BhSeat *seat)
{
  to_all (seat, wl_touch_send_cancel);
  for (unsigned i = 0; i < BH_MAX_TOUCHES; i++)
    seat->touch[i] = (BhTouch){ 0 };
}

void
bh_touch_message (BhSeat *seat, const BhMessage *message)
{
  struct wl_resource *resource;
  BhTouch *touch;

  switch (message->type)
    {
    case BH_MSG_TOUCH_DOWN:
      down (seat, &message->touch_down);
      break;
    case BH_MSG_TOUCH_UP:
      touch = find (seat, message->touch_up.id);
      if (!touch)
        break;
      EACH_OF (seat, resource, touch->surface)
      wl_touch_send_up (resource, message->touch_up.serial, message->touch_up.time, touch->id);
      /* Its surface is remembered for the frame that follows. */
      touch->active = false;
      break;
    case BH_MSG_TOUCH_MOTION:
      touch = find (seat, message->touch_motion.id);
      if (!touch)
        break;
      EACH_OF (seat, resource, touch->surface)
      wl_touch_send_motion (
          resource, message->touch_motion.time, touch->id,
          wl_fixed_from_double (wl_fixed_to_double (message->touch_motion.x) + touch->offset_x),
          wl_fixed_from_double (wl_fixed_to_double (message->touch_motion.y) + touch->offset_y));
      break;
    case BH_MSG_TOUCH_FRAME:
      to_all (seat, wl_touch_send_frame);
      for (unsigned i = 0; i < BH_MAX_TOUCHES; i++)
        if (!seat->touch[i].active)
          seat->touch[i] = (BhTouch){ 0 };
      break;
    case BH_MSG_TOUCH_CANCEL:
      bh_touch_cancel (seat);
      break;
    default:
      break;
    }
}

static const struct wl_touch_interface touch_implementation = { .release =
                                                                    bh_server_destroy_resource };

static void
touch_gone (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

void
bh_touch_create (BhSeat *seat, struct wl_client *client, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &wl_touch_interface, (int) version, id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &touch_implementation, seat, touch_gone);
  wl_list_insert (&seat->touches, wl_resource_get_link (resource));
}
