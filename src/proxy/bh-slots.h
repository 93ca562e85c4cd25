/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The picture slots of one window: which the guest may write and which the compositor reads.
 *
 * A slot is busy from the frame that names it until the compositor's wl_buffer.release. A newer
 * generation retires the older ones: the guest may not name them any more, and their memory is
 * handed out again only when the compositor has released all of it. */
#pragma once

#include <wayland-client.h>

#include "bh-proxy.h"

/* Retired generations kept for a compositor that does not release; more are refused. */
#define BH_MAX_RETIRED 6

typedef struct _BhSlotSet BhSlotSet;

typedef struct
{
  BhSlotSet *set;
  struct wl_buffer *buffer; /* NULL until first shown */
  int width, height, stride;
  gboolean busy;
} BhSlot;

struct _BhSlotSet
{
  BhProxy *proxy;
  GPtrArray *owner; /* the window's sets; newest last */
  guint32 window, generation;
  BhRegion *region;
  guint64 offset;
  guint32 bytes, count; /* count 0: refused */
  gboolean retired;
  BhSlot slots[BH_MAX_SLOTS];
};

GPtrArray *bh_slots_new (void);
/* Only when the surface that showed them is destroyed. */
void bh_slots_free (GPtrArray *sets);

/* Handle slots_want: retire what there is and answer. NULL, or what was wrong with it. */
const char *bh_slots_want (BhProxy *proxy, GPtrArray *sets, const bh_msg_slots_want *untrusted);

/* The slot a frame names, checked to hold its picture. NULL with *@wrong NULL: of a generation that
 * is over, ignore it; NULL with *@wrong: no correct guest says that. */
BhSlot *bh_slots_find (GPtrArray *sets, const bh_msg_frame *untrusted, const char **wrong);

/* Handle pixels. NULL, or what was wrong with it. */
const char *bh_slots_fill (GPtrArray *sets, const bh_msg_pixels *untrusted);

/* The slot's buffer showing its first @width × @height pixels. */
struct wl_buffer *bh_slot_get_buffer (BhSlot *slot, int width, int height, int stride);

/* The guest may write it again. */
void bh_slot_release (BhSlot *slot);

/* Whether @slot still exists. */
gboolean bh_slots_has (GPtrArray *sets, const BhSlot *slot);
