/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Input: serials, and which devices there are. */
#include "config.h"

#include "bh-seat.h"

#include "bh-cursor.h"
#include "bh-guest-link.h"

BhSeat *
bh_seat_new (BhProxy *proxy)
{
  BhSeat *seat = g_new0 (BhSeat, 1);

  seat->proxy = proxy;
  seat->k.rate = 25;
  seat->k.delay = 600;
  for (guint i = 0; i < G_N_ELEMENTS (seat->t.points); i++)
    seat->t.points[i].id = -1;
  return seat;
}

void
bh_seat_free (BhSeat *seat)
{
  bh_pointer_remove (seat);
  bh_keyboard_remove (seat);
  bh_touch_remove (seat);
  g_clear_pointer (&seat->k.keymap, g_bytes_unref);
  g_free (seat);
}

static guint32
capabilities (BhSeat *seat)
{
  return (seat->p.pointer ? 1u : 0u) | (seat->k.keyboard ? 2u : 0u) | (seat->t.touch ? 4u : 0u);
}

static void
seat_capabilities (void *data, struct wl_seat *wl_seat, uint32_t caps)
{
  BhSeat *seat = data;
  guint32 before = capabilities (seat);

  if ((caps & WL_SEAT_CAPABILITY_POINTER) && !seat->p.pointer)
    bh_pointer_add (seat);
  else if (!(caps & WL_SEAT_CAPABILITY_POINTER))
    bh_pointer_remove (seat);
  if ((caps & WL_SEAT_CAPABILITY_KEYBOARD) && !seat->k.keyboard)
    bh_keyboard_add (seat);
  else if (!(caps & WL_SEAT_CAPABILITY_KEYBOARD))
    bh_keyboard_remove (seat);
  if ((caps & WL_SEAT_CAPABILITY_TOUCH) && !seat->t.touch)
    bh_touch_add (seat);
  else if (!(caps & WL_SEAT_CAPABILITY_TOUCH))
    bh_touch_remove (seat);
  if (capabilities (seat) != before)
    BH_SEND (seat->proxy, SEAT, seat, .capabilities = capabilities (seat));
}

static void
seat_name (void *data, struct wl_seat *wl_seat, const char *name)
{
}

static const struct wl_seat_listener seat_listener = {
  .capabilities = seat_capabilities,
  .name = seat_name,
};

void
bh_seat_set_wl_seat (BhSeat *seat, struct wl_seat *wl_seat)
{
  seat->seat = wl_seat;
  if (wl_seat)
    {
      wl_seat_add_listener (wl_seat, &seat_listener, seat);
      return;
    }
  bh_pointer_remove (seat);
  bh_keyboard_remove (seat);
  bh_touch_remove (seat);
  BH_SEND (seat->proxy, SEAT, seat, .capabilities = 0);
}

void
bh_seat_announce (BhSeat *seat)
{
  BH_SEND (seat->proxy, SEAT, seat, .capabilities = capabilities (seat));
  bh_keyboard_announce (seat);
}

guint32
bh_seat_next_serial (BhSeat *seat, guint32 host_press)
{
  if (++seat->serial == 0)
    seat->serial = 1;
  if (host_press)
    {
      seat->presses[seat->next_press] =
          (BhPress){ seat->serial, host_press, g_get_monotonic_time () };
      seat->next_press = (seat->next_press + 1) % BH_MAX_PRESSES;
    }
  return seat->serial;
}

guint32
bh_seat_find_press (BhSeat *seat, guint32 untrusted_serial)
{
  gint64 oldest = g_get_monotonic_time () - BH_PRESS_SECONDS * G_USEC_PER_SEC;

  for (guint i = 0; i < BH_MAX_PRESSES; i++)
    if (seat->presses[i].ours == untrusted_serial && seat->presses[i].host != 0
        && seat->presses[i].when >= oldest)
      return seat->presses[i].host;
  return 0;
}

void
bh_seat_window_gone (BhSeat *seat, BhWindow *window)
{
  if (!seat)
    return;
  bh_pointer_window_gone (seat, window);
  bh_keyboard_window_gone (seat, window);
  bh_touch_window_gone (seat, window);
}

gboolean
bh_seat_look_up (BhSeat *seat, struct wl_surface *surface, BhWindow **window, BhPart *part)
{
  BhSurfaceTag *tag = surface ? wl_surface_get_user_data (surface) : NULL;

  if (!tag || !tag->window->surface)
    return FALSE;
  *window = tag->window;
  *part = tag->part;
  return TRUE;
}
