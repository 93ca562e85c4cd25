/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_seat: the host's input, handed to the surface it is for. */
#include "bh-seat.h"

#include <glib.h>
#include <unistd.h>

#include "bh-data-device.h"

static void
seat_get_pointer (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  bh_pointer_create (wl_resource_get_user_data (resource), client,
                     (uint32_t) wl_resource_get_version (resource), id);
}

static void
seat_get_keyboard (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  bh_keyboard_create (wl_resource_get_user_data (resource), client,
                      (uint32_t) wl_resource_get_version (resource), id);
}

static void
seat_get_touch (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  bh_touch_create (wl_resource_get_user_data (resource), client,
                   (uint32_t) wl_resource_get_version (resource), id);
}

static const struct wl_seat_interface seat_implementation = {
  .get_pointer = seat_get_pointer,
  .get_keyboard = seat_get_keyboard,
  .get_touch = seat_get_touch,
  .release = bh_server_destroy_resource,
};

static void
unlink_resource (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

static void
bind_seat (struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
  BhSeat *seat = data;
  struct wl_resource *resource = wl_resource_create (client, &wl_seat_interface, (int) version, id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &seat_implementation, seat, unlink_resource);
  wl_list_insert (&seat->seats, wl_resource_get_link (resource));
  if (version >= WL_SEAT_NAME_SINCE_VERSION)
    wl_seat_send_name (resource, "seat0");
  wl_seat_send_capabilities (resource, seat->capabilities);
}

BhSeat *
bh_seat_new (BhServer *server)
{
  BhSeat *seat = g_new0 (BhSeat, 1);

  seat->server = server;
  wl_list_init (&seat->seats);
  wl_list_init (&seat->pointers);
  wl_list_init (&seat->touches);
  wl_list_init (&seat->data_devices);
  wl_list_init (&seat->primary_devices);
  bh_keyboard_init (seat);
  wl_global_create (server->display, &wl_seat_interface, 8, seat, bind_seat);
  return seat;
}

void
bh_seat_free (BhSeat *seat)
{
  bh_keyboard_finish (seat);
  g_free (seat);
}

static void
set_capabilities (BhSeat *seat, uint32_t capabilities)
{
  struct wl_resource *resource;

  if (seat->capabilities == capabilities)
    return;
  seat->capabilities = capabilities;
  wl_resource_for_each (resource, &seat->seats) wl_seat_send_capabilities (resource, capabilities);
}

void
bh_seat_message (BhSeat *seat, const BhMessage *message)
{
  switch (message->type)
    {
    case BH_MSG_SEAT:
      set_capabilities (seat, message->seat.capabilities);
      break;
    case BH_MSG_KEYMAP:
    case BH_MSG_KEY_REPEAT:
    case BH_MSG_KEYBOARD_ENTER:
    case BH_MSG_KEYBOARD_LEAVE:
    case BH_MSG_KEY:
    case BH_MSG_MODIFIERS:
      bh_keyboard_message (seat, message);
      break;
    case BH_MSG_TOUCH_DOWN:
    case BH_MSG_TOUCH_UP:
    case BH_MSG_TOUCH_MOTION:
    case BH_MSG_TOUCH_FRAME:
    case BH_MSG_TOUCH_CANCEL:
      bh_touch_message (seat, message);
      break;
    default:
      bh_pointer_message (seat, message);
      break;
    }
}

void
bh_seat_disconnected (BhSeat *seat)
{
  bh_drag_cancel (seat);
  bh_pointer_focus (seat, NULL, 0, 0);
  seat->pointer.window = NULL;
  seat->pointer.buttons = 0;
  bh_keyboard_leave (seat, wl_display_next_serial (seat->server->display));
  bh_touch_cancel (seat);
}

void
bh_seat_window_gone (BhSeat *seat, BhWindow *window)
{
  if (seat->pointer.window == window)
    {
      bh_pointer_focus (seat, NULL, 0, 0);
      seat->pointer.window = NULL;
      seat->pointer.buttons = 0;
    }
  if (seat->keyboard.window == window)
    bh_keyboard_leave (seat, seat->keyboard.enter_serial);
  for (unsigned i = 0; i < BH_MAX_TOUCHES; i++)
    if (seat->touch[i].window == window)
      seat->touch[i] = (BhTouch){ 0 };
}

void
bh_seat_surface_gone (BhSeat *seat, BhSurface *surface)
{
  /* Its resource is going: no events about it any more. */
  if (seat->pointer.surface == surface)
    {
      seat->pointer.surface = NULL;
      seat->pointer.buttons = 0;
    }
  if (seat->keyboard.surface == surface)
    seat->keyboard.surface = NULL;
  for (unsigned i = 0; i < BH_MAX_TOUCHES; i++)
    if (seat->touch[i].surface == surface)
      seat->touch[i] = (BhTouch){ 0 };
  if (seat->cursor.surface == surface)
    seat->cursor.surface = NULL;
  if (seat->drag.focus == surface)
    seat->drag.focus = NULL;
  if (seat->drag.icon == surface)
    seat->drag.icon = NULL;
}
