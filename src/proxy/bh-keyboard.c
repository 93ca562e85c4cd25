/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys for the guest's focused window. */
#include "config.h"

#include "bh-seat.h"

#include <sys/mman.h>
#include <unistd.h>

#include "bh-guest-link.h"

static void
send_keymap (BhSeat *seat)
{
  gsize len;
  const void *data;

  if (!seat->k.keymap)
    return;
  data = g_bytes_get_data (seat->k.keymap, &len);
  BH_SEND (seat->proxy, KEYMAP, keymap, .text = { data, (guint32) len });
}

static void
keyboard_keymap (void *data, struct wl_keyboard *keyboard, uint32_t format, int32_t fd,
                 uint32_t size)
{
  BhSeat *seat = data;
  char *map;

  if (format == WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1 && size > 0 && size <= BH_MAX_KEYMAP
      && (map = mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0)) != MAP_FAILED)
    {
      /* Bytes, never the descriptor: a guest has no business with the host's files. */
      if (map[size - 1] == '\0')
        {
          g_clear_pointer (&seat->k.keymap, g_bytes_unref);
          seat->k.keymap = g_bytes_new (map, size);
          send_keymap (seat);
        }
      munmap (map, size);
    }
  close (fd);
}

/* The guest must not believe that a key is still down when the next window gets the keyboard. */
static void
leave (BhSeat *seat)
{
  BhWindow *window = seat->k.window;

  if (!window)
    return;
  while (seat->k.n_held > 0)
    BH_SEND (seat->proxy, KEY, key, .serial = bh_seat_next_serial (seat, 0),
             .time = (guint32) (g_get_monotonic_time () / 1000),
             .key = seat->k.held[--seat->k.n_held], .pressed = 0);
  BH_SEND (seat->proxy, KEYBOARD_LEAVE, keyboard_leave, .window = window->id,
           .serial = bh_seat_next_serial (seat, 0));
  seat->k.window = NULL;
}

static void
keyboard_enter (void *data, struct wl_keyboard *keyboard, uint32_t serial,
                struct wl_surface *surface, struct wl_array *keys)
{
  BhSeat *seat = data;
  guint32 list[BH_MAX_HELD], n = 0, *key;
  BhWindow *window;
  BhPart part;

  leave (seat);
  if (!bh_seat_look_up (seat, surface, &window, &part))
    return;
  seat->k.window = window;
  wl_array_for_each (key, keys) if (n < BH_MAX_HELD && *key <= 0x2ff) list[n++] = *key;
  memcpy (seat->k.held, list, n * sizeof list[0]);
  seat->k.n_held = n;
  BH_SEND (seat->proxy, KEYBOARD_ENTER, keyboard_enter, .window = window->id,
           .serial = bh_seat_next_serial (seat, 0),
           .keys = { (const guint8 *) list, n * (guint32) sizeof list[0] });
}

static void
keyboard_leave (void *data, struct wl_keyboard *keyboard, uint32_t serial,
                struct wl_surface *surface)
{
  leave (data);
}

static void
keyboard_key (void *data, struct wl_keyboard *keyboard, uint32_t serial, uint32_t time,
              uint32_t key, uint32_t state)
{
  BhSeat *seat = data;
  guint i;

  if (!seat->k.window || key > 0x2ff)
    return;
  for (i = 0; i < seat->k.n_held && seat->k.held[i] != key; i++)
    ;
  if (state == WL_KEYBOARD_KEY_STATE_PRESSED)
    {
      if (i == seat->k.n_held && i < BH_MAX_HELD)
        seat->k.held[seat->k.n_held++] = key;
    }
  else if (i < seat->k.n_held)
    seat->k.held[i] = seat->k.held[--seat->k.n_held];
  BH_SEND (seat->proxy, KEY, key,
           .serial =
               bh_seat_next_serial (seat, state == WL_KEYBOARD_KEY_STATE_PRESSED ? serial : 0),
           .time = time, .key = key, .pressed = state == WL_KEYBOARD_KEY_STATE_PRESSED);
}

static void
keyboard_modifiers (void *data, struct wl_keyboard *keyboard, uint32_t serial, uint32_t depressed,
                    uint32_t latched, uint32_t locked, uint32_t group)
{
  BhSeat *seat = data;

  /* May come just before the enter as well; the compositor repeats them after it. */
  if (seat->k.window)
    BH_SEND (seat->proxy, MODIFIERS, modifiers, .serial = bh_seat_next_serial (seat, 0),
             .depressed = depressed, .latched = latched, .locked = locked,
             .group = MIN (group, 31));
}

static void
send_repeat (BhSeat *seat)
{
  BH_SEND (seat->proxy, KEY_REPEAT, key_repeat, .rate = (guint32) CLAMP (seat->k.rate, 0, 1000),
           .delay = (guint32) CLAMP (seat->k.delay, 0, 10000));
}

static void
keyboard_repeat_info (void *data, struct wl_keyboard *keyboard, int32_t rate, int32_t delay)
{
  BhSeat *seat = data;

  seat->k.rate = rate;
  seat->k.delay = delay;
  send_repeat (seat);
}

static const struct wl_keyboard_listener keyboard_listener = {
  .keymap = keyboard_keymap,
  .enter = keyboard_enter,
  .leave = keyboard_leave,
  .key = keyboard_key,
  .modifiers = keyboard_modifiers,
  .repeat_info = keyboard_repeat_info,
};

void
bh_keyboard_add (BhSeat *seat)
{
  seat->k.keyboard = wl_seat_get_keyboard (seat->seat);
  wl_keyboard_add_listener (seat->k.keyboard, &keyboard_listener, seat);
}

void
bh_keyboard_remove (BhSeat *seat)
{
  if (!seat->k.keyboard)
    return;
  leave (seat);
  wl_keyboard_release (seat->k.keyboard);
  seat->k.keyboard = NULL;
}

void
bh_keyboard_window_gone (BhSeat *seat, BhWindow *window)
{
  if (seat->k.window == window)
    leave (seat);
}

void
bh_keyboard_announce (BhSeat *seat)
{
  send_keymap (seat);
  send_repeat (seat);
}
