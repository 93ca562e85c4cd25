/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The frozen guests of this user: finds them, makes them when nothing else is going on, throws them
 * away. */
#pragma once

#include "bh-freeze.h"
#include "bh-hypervisor.h"

#define BH_TYPE_FROZEN (bh_frozen_get_type ())
G_DECLARE_FINAL_TYPE (BhFrozen, bh_frozen, BH, FROZEN, GObject)

/* Signals:
 * "changed": there is one more or one less
 * "busy": bh_frozen_is_busy() has changed
 * "step": bh_frozen_get_step() and _get_progress() have */

BhFrozen *bh_frozen_new (BhHypervisor *hypervisor);

/**
 * bh_frozen_take:
 *
 * The guest with that key, read from the disk when this process does not have it yet. Blocks; any
 * thread.
 *
 * Returns: (transfer full): %NULL with %BH_ERROR_NOT_FOUND, or %BH_ERROR_FAILED when it was damaged,
 * which has removed it
 */
BhFrozenGuest *bh_frozen_take (BhFrozen *self, const char *key, GCancellable *cancellable,
                               GError **error);

/* What follows is for the main context. */

/* Starts are under way between these two: nothing is made meanwhile. */
void bh_frozen_hold (BhFrozen *self);
void bh_frozen_release (BhFrozen *self);

/* After login: get the one that was used last from the disk, in the background when nothing starts. */
void bh_frozen_refill (BhFrozen *self);

/* A start is under way, or a guest is being made or about to be. */
gboolean bh_frozen_is_busy (BhFrozen *self);
/* Seconds of quiet before anything is made ahead of time; -1: nothing is (tests, and who wants to boot
 * always). */
int bh_frozen_delay (void);

/* What is being done with the guest that is being made, for people, and how far it is (0 to 1); "" when
 * none is. */
const char *bh_frozen_get_step (BhFrozen *self);
double bh_frozen_get_progress (BhFrozen *self);

/* An AppVM has booted that could have been thawed: make what was missing, later. Takes @plan. */
void bh_frozen_want (BhFrozen *self, BhFrozenPlan *plan);

/* It did not thaw: it is used no more. After the second time for the same key none is made again. */
void bh_frozen_discard (BhFrozen *self, const char *key);

/* On the disk: aa{sv} as Manager1.ListFrozen has it. Floating. */
GVariant *bh_frozen_list (BhFrozen *self);

/* Remove that with @key, or all when it is "". Guests that were thawed from it go on.
 * %BH_ERROR_NOT_FOUND. */
gboolean bh_frozen_remove (BhFrozen *self, const char *key, GError **error);

/* The id of the domain that is being made, or NULL. */
const char *bh_frozen_get_making (BhFrozen *self);

/* The service ends: make no more, and give up what is being made. */
void bh_frozen_leave (BhFrozen *self);
/* Afterwards: returns when nothing is being made any more. */
void bh_frozen_wait (BhFrozen *self);
