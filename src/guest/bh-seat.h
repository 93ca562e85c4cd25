/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_seat: the host's input, handed to the surface it is for.
 *
 * Serials of input events are the host's own, so what a program quotes can be passed on as it is. */
#pragma once

#include "bh-window.h"

#define BH_MAX_TOUCHES 16

typedef struct _BhDataSource BhDataSource;

typedef struct
{
  bool active;
  int32_t id;
  BhSurface *surface;
  BhWindow *window;
  double offset_x, offset_y; /* from window geometry to surface */
} BhTouch;

struct _BhSeat
{
  BhServer *server;
  uint32_t capabilities;
  struct wl_list seats, pointers, keyboards, touches; /* resources */

  struct
  {
    BhWindow *window;
    BhSurface *surface;
    double x, y;   /* in the window's geometry */
    double sx, sy; /* in the surface */
    uint32_t enter_serial;
    unsigned buttons; /* held: the surface keeps the pointer */
    bool source_sent;
  } pointer;

  struct
  {
    BhWindow *window;
    BhSurface *surface;
    uint32_t enter_serial;
    struct wl_array keys;
    bh_msg_modifiers modifiers;
    int keymap_fd;
    int next_fd, next_readable_fd; /* one file, for the next keymap; or -1 */
    uint32_t keymap_size;
    int32_t rate, delay;
  } keyboard;

  BhTouch touch[BH_MAX_TOUCHES];

  struct
  {
    BhSurface *surface;
    int32_t hotspot_x, hotspot_y;
  } cursor;

  /* Selections and drag and drop, between programs of this guest only. */
  struct wl_list data_devices, primary_devices; /* resources */
  BhDataSource *selection;
  struct _BhPrimarySource *primary;
  struct
  {
    bool active;
    struct wl_client *client;
    BhDataSource *source;
    BhSurface *icon, *focus;
    struct wl_listener icon_gone;
  } drag;
};

BhSeat *bh_seat_new (BhServer *server);
void bh_seat_free (BhSeat *seat);
void bh_seat_message (BhSeat *seat, const BhMessage *message);
/* Everything held is let go. */
void bh_seat_disconnected (BhSeat *seat);
void bh_seat_window_gone (BhSeat *seat, BhWindow *window);
void bh_seat_surface_gone (BhSeat *seat, BhSurface *surface);

/* bh-pointer.c */
void bh_pointer_create (BhSeat *seat, struct wl_client *client, uint32_t version, uint32_t id);
void bh_pointer_message (BhSeat *seat, const BhMessage *message);
void bh_pointer_focus (BhSeat *seat, BhSurface *surface, double sx, double sy);
/* Look again what is under the pointer. */
void bh_pointer_refresh (BhSeat *seat);

/* bh-keyboard.c */
void bh_keyboard_init (BhSeat *seat);
void bh_keyboard_finish (BhSeat *seat);
void bh_keyboard_create (BhSeat *seat, struct wl_client *client, uint32_t version, uint32_t id);
void bh_keyboard_message (BhSeat *seat, const BhMessage *message);
void bh_keyboard_leave (BhSeat *seat, uint32_t serial);
/* Who has the keyboard, or NULL. */
struct wl_client *bh_seat_keyboard_client (const BhSeat *seat);

/* bh-touch.c */
void bh_touch_create (BhSeat *seat, struct wl_client *client, uint32_t version, uint32_t id);
void bh_touch_message (BhSeat *seat, const BhMessage *message);
void bh_touch_cancel (BhSeat *seat);
