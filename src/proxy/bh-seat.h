/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Input: what the host's seat does over this guest's windows.
 *
 * The guest gets events only for its own content, with serials of the proxy's own small counter. It
 * can quote a serial back; that counts only when it was a press this guest really got, not long
 * ago. */
#pragma once

#include "bh-window.h"

#define BH_MAX_PRESSES 32
#define BH_PRESS_SECONDS 30
#define BH_MAX_HELD 32

typedef struct
{
  guint32 ours, host;
  gint64 when;
} BhPress;

struct _BhSeat
{
  BhProxy *proxy;
  struct wl_seat *seat;
  guint32 serial;
  BhPress presses[BH_MAX_PRESSES]; /* a ring */
  guint next_press;

  struct
  {
    struct wl_pointer *pointer;
    BhWindow *window; /* under the pointer, NULL: none of ours */
    BhPart part;
    guint32 enter_host, enter_ours; /* ours is 0 while it is not over content */
    wl_fixed_t x, y;
    guint32 held[BH_MAX_HELD]; /* buttons the guest saw pressed */
    guint n_held;
    gboolean frame; /* events since the last pointer_frame */
    /* Wheel steps of this frame, per axis. */
    guint32 source;
    struct
    {
      gboolean value, stop;
      wl_fixed_t amount;
      int discrete;
      guint32 time;
    } axes[2];
    /* On the frame: */
    BhArea pressed;
    guint32 press_serial;
    int press_x, press_y;
    guint32 click_time;
    BhArea click_area;
  } p;

  struct
  {
    struct wl_keyboard *keyboard;
    BhWindow *window;
    guint32 held[BH_MAX_HELD];
    guint n_held;
    GBytes *keymap;
    int rate, delay;
  } k;

  struct
  {
    struct wl_touch *touch;
    struct
    {
      int id; /* -1: free */
      BhWindow *window;
      BhArea area; /* on the frame */
    } points[16];
  } t;
};

BhSeat *bh_seat_new (BhProxy *proxy);
void bh_seat_free (BhSeat *seat);
/* NULL: the seat is gone. */
void bh_seat_set_wl_seat (BhSeat *seat, struct wl_seat *wl_seat);

/* Tell the guest what there is: after its hello. */
void bh_seat_announce (BhSeat *seat);

/* A new serial for an event; with @host not 0 it is a press that came with that serial. */
guint32 bh_seat_next_serial (BhSeat *seat, guint32 host_press);
/* The compositor's serial of the press the guest names, 0 when there is no such. */
guint32 bh_seat_find_press (BhSeat *seat, guint32 untrusted_serial);

/* @window's surfaces are about to be destroyed. */
void bh_seat_window_gone (BhSeat *seat, BhWindow *window);

/* The window and part of a surface; FALSE for none of ours (or one that is gone already). */
gboolean bh_seat_look_up (BhSeat *seat, struct wl_surface *surface, BhWindow **window,
                          BhPart *part);

/* bh-pointer.c, bh-keyboard.c, bh-touch.c */
void bh_pointer_add (BhSeat *seat);
void bh_pointer_remove (BhSeat *seat);
void bh_pointer_window_gone (BhSeat *seat, BhWindow *window);
void bh_keyboard_add (BhSeat *seat);
void bh_keyboard_remove (BhSeat *seat);
void bh_keyboard_window_gone (BhSeat *seat, BhWindow *window);
void bh_keyboard_announce (BhSeat *seat);
void bh_touch_add (BhSeat *seat);
void bh_touch_remove (BhSeat *seat);
void bh_touch_window_gone (BhSeat *seat, BhWindow *window);
