/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pointer: over content its events are the guest's, over the frame they are the proxy's own.
 *
 * Moving from content to frame is a leave for the guest. Buttons the guest saw pressed are released
 * for it before it is told to leave (a drag of the window that the compositor took over ends like
 * that). */
#include "config.h"

#include "bh-seat.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>

#include "bh-cursor.h"
#include "bh-guest-link.h"

#define DRAG_DISTANCE 4
#define DOUBLE_CLICK_MS 400

static guint32
now_ms (void)
{
  return (guint32) (g_get_monotonic_time () / 1000);
}

static wl_fixed_t
limit (wl_fixed_t v)
{
  return CLAMP (v, -BH_FIXED, BH_FIXED);
}

static void
send_frame (BhSeat *seat)
{
  if (seat->p.frame)
    BH_SEND (seat->proxy, POINTER_FRAME, pointer_frame);
  seat->p.frame = FALSE;
}

/* The guest loses the pointer. */
static void
leave (BhSeat *seat)
{
  if (seat->p.window && seat->p.part == BH_PART_CONTENT)
    {
      while (seat->p.n_held > 0)
        BH_SEND (seat->proxy, POINTER_BUTTON, pointer_button,
                 .serial = bh_seat_next_serial (seat, 0), .time = now_ms (),
                 .button = seat->p.held[--seat->p.n_held], .pressed = 0);
      BH_SEND (seat->proxy, POINTER_LEAVE, pointer_leave, .window = seat->p.window->id,
               .serial = bh_seat_next_serial (seat, 0));
      seat->p.frame = TRUE;
      send_frame (seat);
    }
  else if (seat->p.window)
    bh_window_set_hover (seat->p.window, BH_AREA_NONE);
  seat->p.n_held = 0;
  seat->p.window = NULL;
  seat->p.enter_ours = 0;
  seat->p.pressed = BH_AREA_NONE;
  memset (seat->p.axes, 0, sizeof seat->p.axes);
}

/* The pointer is over (x, y) of the frame: cursor and button highlight. */
static void
hover (BhSeat *seat)
{
  BhWindow *window = seat->p.window;
  BhArea area = bh_border_hit (window->border, seat->p.part, wl_fixed_to_int (seat->p.x),
                               wl_fixed_to_int (seat->p.y));

  bh_cursor_show_shape (seat->proxy->cursor,
                        area > BH_AREA_EDGE ? bh_cursor_edge_shape (area - BH_AREA_EDGE)
                                            : BH_CURSOR_DEFAULT,
                        window->scale_120, seat->p.enter_host);
  bh_window_set_hover (window, area <= BH_AREA_CLOSE ? area : BH_AREA_NONE);
}

static void
pointer_enter (void *data, struct wl_pointer *pointer, uint32_t serial, struct wl_surface *surface,
               wl_fixed_t x, wl_fixed_t y)
{
  BhSeat *seat = data;
  BhWindow *window;
  BhPart part;

  leave (seat);
  if (!bh_seat_look_up (seat, surface, &window, &part))
    return;
  seat->p.window = window;
  seat->p.part = part;
  seat->p.enter_host = serial;
  seat->p.x = x;
  seat->p.y = y;
  if (part != BH_PART_CONTENT)
    {
      hover (seat);
      return;
    }
  /* Until the guest says which: what another window left would be a lie. */
  bh_cursor_show_shape (seat->proxy->cursor, BH_CURSOR_DEFAULT, window->scale_120, serial);
  seat->p.enter_ours = bh_seat_next_serial (seat, 0);
  BH_SEND (seat->proxy, POINTER_ENTER, pointer_enter, .window = window->id,
           .serial = seat->p.enter_ours, .x = limit (x), .y = limit (y));
  seat->p.frame = TRUE;
}

static void
pointer_leave (void *data, struct wl_pointer *pointer, uint32_t serial, struct wl_surface *surface)
{
  leave (data);
}

static void
pointer_motion (void *data, struct wl_pointer *pointer, uint32_t time, wl_fixed_t x, wl_fixed_t y)
{
  BhSeat *seat = data;

  seat->p.x = x;
  seat->p.y = y;
  if (!seat->p.window)
    return;
  if (seat->p.part == BH_PART_CONTENT)
    {
      BH_SEND (seat->proxy, POINTER_MOTION, pointer_motion, .time = time, .x = limit (x),
               .y = limit (y));
      seat->p.frame = TRUE;
      return;
    }
  if (seat->p.pressed == BH_AREA_CAPTION
      && (abs (wl_fixed_to_int (x) - seat->p.press_x) > DRAG_DISTANCE
          || abs (wl_fixed_to_int (y) - seat->p.press_y) > DRAG_DISTANCE))
    {
      seat->p.pressed = BH_AREA_NONE;
      seat->p.click_time = 0;
      bh_toplevel_press (seat->p.window, BH_AREA_CAPTION, seat->p.press_serial);
      return;
    }
  if (seat->p.pressed == BH_AREA_NONE)
    hover (seat);
}

/* Button @button on the frame. */
static void
frame_button (BhSeat *seat, guint32 serial, guint32 time, guint32 button, gboolean pressed)
{
  BhWindow *window = seat->p.window;
  int x = wl_fixed_to_int (seat->p.x), y = wl_fixed_to_int (seat->p.y);
  BhArea area = bh_border_hit (window->border, seat->p.part, x, y);

  if (button == BTN_RIGHT && pressed && area == BH_AREA_CAPTION && window->toplevel)
    {
      xdg_toplevel_show_window_menu (window->toplevel, seat->seat, serial, x, y);
      return;
    }
  if (button != BTN_LEFT)
    return;
  if (pressed && area > BH_AREA_EDGE)
    {
      bh_toplevel_press (window, area, serial);
      return;
    }
  if (pressed)
    {
      if (area == BH_AREA_CAPTION && seat->p.click_area == area && seat->p.click_time != 0
          && time - seat->p.click_time < DOUBLE_CLICK_MS)
        {
          seat->p.click_time = 0;
          bh_toplevel_press (window, BH_AREA_MAXIMIZE, serial);
          return;
        }
      seat->p.pressed = area;
      seat->p.press_serial = serial;
      seat->p.press_x = x;
      seat->p.press_y = y;
      return;
    }
  if (seat->p.pressed == area && area != BH_AREA_NONE)
    {
      seat->p.click_time = time ? time : 1;
      seat->p.click_area = area;
      if (area != BH_AREA_CAPTION)
        bh_toplevel_press (window, area, serial);
    }
  seat->p.pressed = BH_AREA_NONE;
}

static void
pointer_button (void *data, struct wl_pointer *pointer, uint32_t serial, uint32_t time,
                uint32_t button, uint32_t state)
{
  BhSeat *seat = data;
  gboolean pressed = state == WL_POINTER_BUTTON_STATE_PRESSED;
  guint i;

  if (!seat->p.window || button > 0x2ff)
    return;
  if (seat->p.part != BH_PART_CONTENT)
    {
      frame_button (seat, serial, time, button, pressed);
      return;
    }
  for (i = 0; i < seat->p.n_held && seat->p.held[i] != button; i++)
    ;
  if (pressed && i == seat->p.n_held && i < BH_MAX_HELD)
    seat->p.held[seat->p.n_held++] = button;
  else if (!pressed && i < seat->p.n_held)
    seat->p.held[i] = seat->p.held[--seat->p.n_held];
  BH_SEND (seat->proxy, POINTER_BUTTON, pointer_button,
           .serial = bh_seat_next_serial (seat, pressed ? serial : 0), .time = time,
           .button = button, .pressed = pressed);
  seat->p.frame = TRUE;
}

/* One message for each axis of the frame: amount, steps and source come in separate events. */
static void
send_axes (BhSeat *seat)
{
  for (guint axis = 0; axis < 2; axis++)
    {
      if (!seat->p.axes[axis].value && !seat->p.axes[axis].stop)
        continue;
      if (seat->p.window && seat->p.part == BH_PART_CONTENT)
        {
          if (seat->p.axes[axis].value)
            BH_SEND (seat->proxy, POINTER_AXIS, pointer_axis, .time = seat->p.axes[axis].time,
                     .source = MIN (seat->p.source, 3), .axis = axis,
                     .value = limit (seat->p.axes[axis].amount),
                     .discrete = CLAMP (seat->p.axes[axis].discrete, -120000, 120000));
          if (seat->p.axes[axis].stop)
            BH_SEND (seat->proxy, POINTER_AXIS, pointer_axis, .time = seat->p.axes[axis].time,
                     .source = MIN (seat->p.source, 3), .axis = axis, .stop = 1);
          seat->p.frame = TRUE;
        }
    }
  memset (seat->p.axes, 0, sizeof seat->p.axes);
  seat->p.source = 0;
}

static void
pointer_axis (void *data, struct wl_pointer *pointer, uint32_t time, uint32_t axis,
              wl_fixed_t value)
{
  BhSeat *seat = data;

  if (axis > 1)
    return;
  seat->p.axes[axis].value = TRUE;
  seat->p.axes[axis].amount += value;
  seat->p.axes[axis].time = time;
}

static void
pointer_frame (void *data, struct wl_pointer *pointer)
{
  send_axes (data);
  send_frame (data);
}

static void
pointer_axis_source (void *data, struct wl_pointer *pointer, uint32_t source)
{
  ((BhSeat *) data)->p.source = source;
}

static void
pointer_axis_stop (void *data, struct wl_pointer *pointer, uint32_t time, uint32_t axis)
{
  BhSeat *seat = data;

  if (axis > 1)
    return;
  seat->p.axes[axis].stop = TRUE;
  seat->p.axes[axis].time = time;
}

static void
pointer_axis_discrete (void *data, struct wl_pointer *pointer, uint32_t axis, int32_t discrete)
{
  BhSeat *seat = data;

  if (axis <= 1)
    seat->p.axes[axis].discrete += CLAMP (discrete, -1000, 1000) * 120;
}

#ifdef WL_POINTER_AXIS_VALUE120_SINCE_VERSION
static void
pointer_axis_value120 (void *data, struct wl_pointer *pointer, uint32_t axis, int32_t value120)
{
  BhSeat *seat = data;

  if (axis <= 1)
    seat->p.axes[axis].discrete += CLAMP (value120, -120000, 120000);
}
#endif

static const struct wl_pointer_listener pointer_listener = {
  .enter = pointer_enter,
  .leave = pointer_leave,
  .motion = pointer_motion,
  .button = pointer_button,
  .axis = pointer_axis,
  .frame = pointer_frame,
  .axis_source = pointer_axis_source,
  .axis_stop = pointer_axis_stop,
  .axis_discrete = pointer_axis_discrete,
#ifdef WL_POINTER_AXIS_VALUE120_SINCE_VERSION
  .axis_value120 = pointer_axis_value120,
#endif
};

void
bh_pointer_add (BhSeat *seat)
{
  seat->p.pointer = wl_seat_get_pointer (seat->seat);
  wl_pointer_add_listener (seat->p.pointer, &pointer_listener, seat);
}

void
bh_pointer_remove (BhSeat *seat)
{
  if (!seat->p.pointer)
    return;
  leave (seat);
  wl_pointer_release (seat->p.pointer);
  seat->p.pointer = NULL;
}

void
bh_pointer_window_gone (BhSeat *seat, BhWindow *window)
{
  if (seat->p.window == window)
    leave (seat);
}
