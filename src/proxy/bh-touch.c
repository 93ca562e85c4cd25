/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fingers on the guest's windows and their frames. */
#include "config.h"

#include "bh-seat.h"

#include "bh-guest-link.h"

#define N_POINTS G_N_ELEMENTS (((BhSeat *) NULL)->t.points)

/* The index of point @id, or a free one with -1; N_POINTS when there is none. */
static guint
find (BhSeat *seat, int id)
{
  guint i;

  for (i = 0; i < N_POINTS && seat->t.points[i].id != id; i++)
    ;
  return i;
}

static void
touch_down (void *data, struct wl_touch *touch, uint32_t serial, uint32_t time,
            struct wl_surface *surface, int32_t id, wl_fixed_t x, wl_fixed_t y)
{
  BhSeat *seat = data;
  guint i = find (seat, -1);
  BhWindow *window;
  BhPart part;

  if (i == N_POINTS || id < 0 || id > 1024 || !bh_seat_look_up (seat, surface, &window, &part))
    return;
  seat->t.points[i].id = id;
  seat->t.points[i].window = window;
  seat->t.points[i].area = BH_AREA_NONE;
  if (part != BH_PART_CONTENT)
    {
      BhArea area = bh_border_hit (window->border, part, wl_fixed_to_int (x), wl_fixed_to_int (y));

      seat->t.points[i].window = NULL;
      seat->t.points[i].area = area;
      if (area == BH_AREA_CAPTION || area > BH_AREA_EDGE)
        bh_toplevel_press (window, area, serial);
      else if (area != BH_AREA_NONE)
        seat->t.points[i].window = window; /* a button: acts when the finger is lifted */
      return;
    }
  BH_SEND (seat->proxy, TOUCH_DOWN, touch_down, .window = window->id,
           .serial = bh_seat_next_serial (seat, serial), .time = time, .id = id,
           .x = CLAMP (x, -BH_FIXED, BH_FIXED), .y = CLAMP (y, -BH_FIXED, BH_FIXED));
}

static void
touch_up (void *data, struct wl_touch *touch, uint32_t serial, uint32_t time, int32_t id)
{
  BhSeat *seat = data;
  guint i = id >= 0 ? find (seat, id) : N_POINTS;

  if (i == N_POINTS)
    return;
  seat->t.points[i].id = -1;
  if (!seat->t.points[i].window)
    return;
  if (seat->t.points[i].area != BH_AREA_NONE)
    bh_toplevel_press (seat->t.points[i].window, seat->t.points[i].area, serial);
  else
    BH_SEND (seat->proxy, TOUCH_UP, touch_up, .serial = bh_seat_next_serial (seat, 0), .time = time,
             .id = id);
}

static void
touch_motion (void *data, struct wl_touch *touch, uint32_t time, int32_t id, wl_fixed_t x,
              wl_fixed_t y)
{
  BhSeat *seat = data;
  guint i = id >= 0 ? find (seat, id) : N_POINTS;

  if (i < N_POINTS && seat->t.points[i].window && seat->t.points[i].area == BH_AREA_NONE)
    BH_SEND (seat->proxy, TOUCH_MOTION, touch_motion, .time = time, .id = id,
             .x = CLAMP (x, -BH_FIXED, BH_FIXED), .y = CLAMP (y, -BH_FIXED, BH_FIXED));
}

static void
touch_frame (void *data, struct wl_touch *touch)
{
  BH_SEND (((BhSeat *) data)->proxy, TOUCH_FRAME, touch_frame);
}

static void
touch_cancel (void *data, struct wl_touch *touch)
{
  BhSeat *seat = data;

  for (guint i = 0; i < N_POINTS; i++)
    seat->t.points[i].id = -1;
  BH_SEND (seat->proxy, TOUCH_CANCEL, touch_cancel);
}

static void
touch_shape (void *data, struct wl_touch *touch, int32_t id, wl_fixed_t major, wl_fixed_t minor)
{
}

static void
touch_orientation (void *data, struct wl_touch *touch, int32_t id, wl_fixed_t orientation)
{
}

static const struct wl_touch_listener touch_listener = {
  .down = touch_down,
  .up = touch_up,
  .motion = touch_motion,
  .frame = touch_frame,
  .cancel = touch_cancel,
  .shape = touch_shape,
  .orientation = touch_orientation,
};

void
bh_touch_add (BhSeat *seat)
{
  seat->t.touch = wl_seat_get_touch (seat->seat);
  wl_touch_add_listener (seat->t.touch, &touch_listener, seat);
}

void
bh_touch_remove (BhSeat *seat)
{
  if (!seat->t.touch)
    return;
  touch_cancel (seat, seat->t.touch);
  wl_touch_release (seat->t.touch);
  seat->t.touch = NULL;
}

void
bh_touch_window_gone (BhSeat *seat, BhWindow *window)
{
  for (guint i = 0; i < N_POINTS; i++)
    {
      if (seat->t.points[i].id < 0 || seat->t.points[i].window != window)
        continue;
      if (seat->t.points[i].area == BH_AREA_NONE)
        BH_SEND (seat->proxy, TOUCH_UP, touch_up, .serial = bh_seat_next_serial (seat, 0),
                 .time = (guint32) (g_get_monotonic_time () / 1000), .id = seat->t.points[i].id);
      seat->t.points[i].id = -1;
    }
}
