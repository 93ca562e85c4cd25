/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A window as the host knows it: a toplevel or popup with an id, its properties and its picture.
 *
 * It exists from the application's first commit until it is unmapped. Everything that is to be said to
 * the host is noted here and said once per turn of the main loop (bh_window_update), so an application
 * that repeats itself costs nothing. */
#pragma once

#include "bh-flatten.h"
#include "bh-server.h"

/* Properties still to be sent. */
enum
{
  BH_WINDOW_DIRTY_TITLE = 1 << 0,
  BH_WINDOW_DIRTY_APP = 1 << 1,
  BH_WINDOW_DIRTY_LIMITS = 1 << 2,
  BH_WINDOW_DIRTY_PARENT = 1 << 3,
  BH_WINDOW_DIRTY_WANTS = 1 << 4, /* to be maximized and the like */
};

typedef struct
{
  /* Send window_new or popup_new; false when that is not possible (now). */
  bool (*announce) (BhWindow *window);
  void (*send_dirty) (BhWindow *window);
  /* A message about this window that its role answers. */
  void (*message) (BhWindow *window, const BhMessage *message);
} BhWindowFuncs;

/* Slots and damage (bh-picture.c). */
typedef struct
{
  uint32_t generation, n_slots, slot_bytes, asked;
  uint64_t offset;
  bool waiting; /* slots_want is not answered */
  bool refused; /* for a picture of this size */
  bool by_channel;
  uint8_t *memory; /* the picture, when it goes by channel */
  size_t memory_size;
  struct
  {
    bool busy;
    pixman_region32_t stale; /* changed since this slot was written */
  } slots[BH_MAX_SLOTS];
  int32_t width, height, stride, logical_width, logical_height;
  pixman_region32_t damage; /* not in any slot yet */
  /* Rows on their way by channel; the frame follows when all are sent. */
  bool sending;
  uint32_t sending_slot;
  pixman_region32_t sending_region, sending_damage;
  int sending_box;
  int32_t sending_y;
} BhPicture;

struct _BhWindow
{
  struct wl_list link; /* BhServer.windows */
  BhServer *server;
  BhSurface *surface;
  const BhWindowFuncs *funcs;
  void *owner;
  bool popup;
  uint32_t id;
  unsigned dirty;
  bool announced;
  bool anew; /* announced to a new host: its first configure needs no answer of the application */
  bool configured; /* by the host, since it was announced */
  uint32_t serial; /* the host's, of the configure that is answered */
  bool serial_due;
  uint32_t scale_120;
  bool has_geometry;
  BhRect geometry;

  BhScene scene;
  bool scene_valid;
  BhPicture picture;
  bool awaiting_done;
  struct wl_list in_flight; /* frame callbacks of what the host is about to show */
  bool scheduled;           /* for the next turn */
  bool held;                /* has more to say when the channel is less full */
};

BhWindow *bh_window_new (BhServer *server, BhSurface *surface, const BhWindowFuncs *funcs,
                         void *owner, bool popup);
/* Tells the host as well. */
void bh_window_free (BhWindow *window);

/* The window whose root is @surface, or NULL. */
BhWindow *bh_window_of_surface (BhSurface *surface);
BhWindow *bh_window_find (BhServer *server, uint32_t id);

/* Announce it if there is someone to tell. */
void bh_window_announce (BhWindow *window);
void bh_window_disconnected (BhWindow *window);

void bh_window_set_geometry (BhWindow *window, const BhRect *geometry);
void bh_window_set_dirty (BhWindow *window, unsigned what);
void bh_window_damage (BhWindow *window, BhSurface *surface, const pixman_region32_t *damage,
                       const pixman_region32_t *buffer_damage);
void bh_window_damage_all (BhWindow *window);
/* Something in its tree was committed. */
void bh_window_tree_committed (BhWindow *window);
/* The application has answered the host's configure @serial. */
void bh_window_answered (BhWindow *window, uint32_t serial);

void bh_window_message (BhWindow *window, const BhMessage *message);
uint32_t bh_window_get_scale (const BhWindow *window);
/* What its next picture shows, in the root surface's coordinates. */
BhRect bh_window_get_box (BhWindow *window);
/* Whether nothing is to be drawn and nothing is under way: its callbacks may go by the clock. */
bool bh_window_is_quiet (const BhWindow *window);
void bh_window_schedule (BhWindow *window);
/* Say and draw what there is. */
void bh_window_update (BhWindow *window);

/* bh-picture.c */
void bh_picture_init (BhPicture *picture);
void bh_picture_clear (BhPicture *picture);
void bh_picture_forget (BhWindow *window);
void bh_picture_update (BhWindow *window);
void bh_picture_slots (BhWindow *window, const bh_msg_slots *slots);
void bh_picture_slot_free (BhWindow *window, const bh_msg_slot_free *slot);
void bh_picture_continue (BhWindow *window);
