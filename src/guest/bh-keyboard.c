/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_keyboard. Keys go to the window the host gives the keyboard to; the keymap is the host's. */
#include <fcntl.h>
#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bh-data-device.h"
#include "bh-seat.h"

/* clang-format off */
#define EACH_OF_FOCUS(seat, resource)                                                              \
  wl_resource_for_each (resource, &(seat)->keyboards) if (                                         \
      (seat)->keyboard.surface                                                                     \
      && wl_resource_get_client (resource)                                                         \
             == wl_resource_get_client ((seat)->keyboard.surface->resource))
/* clang-format on */

/* Programs get a descriptor they can only read, of a file nobody can change any more. The file for the next keymap
 * is made ahead of time: there is enough to do when the first one comes. */
static void
make_next_keymap (BhSeat *seat)
{
  int fd = memfd_create ("bulkhead-keymap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  char path[64];

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  seat->keyboard.next_fd = fd;
  seat->keyboard.next_readable_fd = fd >= 0 ? open (path, O_RDONLY | O_CLOEXEC) : -1;
}

static void
close_next_keymap (BhSeat *seat)
{
  if (seat->keyboard.next_fd >= 0)
    close (seat->keyboard.next_fd);
  if (seat->keyboard.next_readable_fd >= 0)
    close (seat->keyboard.next_readable_fd);
  seat->keyboard.next_fd = seat->keyboard.next_readable_fd = -1;
}

void
bh_keyboard_init (BhSeat *seat)
{
  wl_list_init (&seat->keyboards);
  wl_array_init (&seat->keyboard.keys);
  seat->keyboard.keymap_fd = -1;
  make_next_keymap (seat);
  seat->keyboard.rate = 25;
  seat->keyboard.delay = 600;
}

void
bh_keyboard_finish (BhSeat *seat)
{
  close_next_keymap (seat);
  if (seat->keyboard.keymap_fd >= 0)
    close (seat->keyboard.keymap_fd);
  wl_array_release (&seat->keyboard.keys);
}

/* -1 when there is no room for it. */
static int
fill_keymap (BhSeat *seat, const BhBytes *text)
{
  int fd = -1;

  if (seat->keyboard.next_readable_fd < 0)
    make_next_keymap (seat);
  if (seat->keyboard.next_readable_fd >= 0
      && write (seat->keyboard.next_fd, text->data, text->len) == (ssize_t) text->len)
    {
      fcntl (seat->keyboard.next_fd, F_ADD_SEALS,
             F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
      fd = seat->keyboard.next_readable_fd;
      seat->keyboard.next_readable_fd = -1;
    }
  close_next_keymap (seat);
  return fd;
}

static void
send_keymap (BhSeat *seat, struct wl_resource *resource)
{
  int fd = seat->keyboard.keymap_fd;

  if (fd >= 0)
    wl_keyboard_send_keymap (resource, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd,
                             seat->keyboard.keymap_size);
  else
    {
      fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
      wl_keyboard_send_keymap (resource, WL_KEYBOARD_KEYMAP_FORMAT_NO_KEYMAP, fd, 0);
      close (fd);
    }
}

static void
set_keymap (BhSeat *seat, const bh_msg_keymap *message)
{
  struct wl_resource *resource;
  int fd = fill_keymap (seat, &message->text);

  if (fd < 0)
    return;
  if (seat->keyboard.keymap_fd >= 0)
    close (seat->keyboard.keymap_fd);
  seat->keyboard.keymap_fd = fd;
  seat->keyboard.keymap_size = message->text.len;
  wl_resource_for_each (resource, &seat->keyboards) send_keymap (seat, resource);
}

static void
send_repeat (BhSeat *seat, struct wl_resource *resource)
{
  if (wl_resource_get_version (resource) >= WL_KEYBOARD_REPEAT_INFO_SINCE_VERSION)
    wl_keyboard_send_repeat_info (resource, seat->keyboard.rate, seat->keyboard.delay);
}

static void
send_enter (BhSeat *seat, struct wl_resource *resource)
{
  const bh_msg_modifiers *m = &seat->keyboard.modifiers;

  wl_keyboard_send_enter (resource, seat->keyboard.enter_serial, seat->keyboard.surface->resource,
                          &seat->keyboard.keys);
  wl_keyboard_send_modifiers (resource, seat->keyboard.enter_serial, m->depressed, m->latched,
                              m->locked, m->group);
}

void
bh_keyboard_leave (BhSeat *seat, uint32_t serial)
{
  struct wl_resource *resource;

  EACH_OF_FOCUS (seat, resource)
  wl_keyboard_send_leave (resource, serial, seat->keyboard.surface->resource);
  seat->keyboard.surface = NULL;
  seat->keyboard.window = NULL;
  seat->keyboard.keys.size = 0;
}

static void
enter (BhSeat *seat, const bh_msg_keyboard_enter *message)
{
  BhWindow *window = bh_window_find (seat->server, message->window);
  size_t size = message->keys.len & ~3u;
  struct wl_resource *resource;
  void *keys;

  bh_keyboard_leave (seat, message->serial);
  if (!window)
    return;
  seat->keyboard.window = window;
  seat->keyboard.surface = window->surface;
  seat->keyboard.enter_serial = message->serial;
  keys = size ? wl_array_add (&seat->keyboard.keys, size) : NULL;
  if (keys)
    memcpy (keys, message->keys.data, size);
  bh_data_device_focus (seat, wl_resource_get_client (window->surface->resource));
  EACH_OF_FOCUS (seat, resource) send_enter (seat, resource);
}

/* Keep the list of held keys, for keyboards that are made while they are held. */
static void
note_key (BhSeat *seat, uint32_t key, bool pressed)
{
  struct wl_array *keys = &seat->keyboard.keys;
  uint32_t *k, *end = (uint32_t *) ((char *) keys->data + keys->size);

  for (k = keys->data; k < end; k++)
    if (*k == key)
      {
        *k = end[-1];
        keys->size -= sizeof *k;
        break;
      }
  if (pressed && keys->size < 1024)
    {
      k = wl_array_add (keys, sizeof *k);
      if (k)
        *k = key;
    }
}

void
bh_keyboard_message (BhSeat *seat, const BhMessage *message)
{
  struct wl_resource *resource;

  switch (message->type)
    {
    case BH_MSG_KEYMAP:
      set_keymap (seat, &message->keymap);
      break;
    case BH_MSG_KEY_REPEAT:
      seat->keyboard.rate = (int32_t) message->key_repeat.rate;
      seat->keyboard.delay = (int32_t) message->key_repeat.delay;
      wl_resource_for_each (resource, &seat->keyboards) send_repeat (seat, resource);
      break;
    case BH_MSG_KEYBOARD_ENTER:
      enter (seat, &message->keyboard_enter);
      break;
    case BH_MSG_KEYBOARD_LEAVE:
      bh_keyboard_leave (seat, message->keyboard_leave.serial);
      break;
    case BH_MSG_KEY:
      note_key (seat, message->key.key, message->key.pressed);
      EACH_OF_FOCUS (seat, resource)
      wl_keyboard_send_key (resource, message->key.serial, message->key.time, message->key.key,
                            message->key.pressed);
      break;
    case BH_MSG_MODIFIERS:
      seat->keyboard.modifiers = message->modifiers;
      EACH_OF_FOCUS (seat, resource)
      wl_keyboard_send_modifiers (resource, message->modifiers.serial, message->modifiers.depressed,
                                  message->modifiers.latched, message->modifiers.locked,
                                  message->modifiers.group);
      break;
    default:
      break;
    }
}

static const struct wl_keyboard_interface keyboard_implementation = {
  .release = bh_server_destroy_resource
};

static void
keyboard_gone (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

void
bh_keyboard_create (BhSeat *seat, struct wl_client *client, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &wl_keyboard_interface, (int) version, id);
  BhSurface *surface = seat->keyboard.surface;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &keyboard_implementation, seat, keyboard_gone);
  wl_list_insert (&seat->keyboards, wl_resource_get_link (resource));
  send_keymap (seat, resource);
  send_repeat (seat, resource);
  if (surface && wl_resource_get_client (surface->resource) == client)
    send_enter (seat, resource);
}

struct wl_client *
bh_seat_keyboard_client (const BhSeat *seat)
{
  return seat->keyboard.surface ? wl_resource_get_client (seat->keyboard.surface->resource) : NULL;
}
