/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Machines that wait ahead of time: thawed, warmed up and paused, nobody's yet. */
#pragma once

#include "bh-frozen.h"
#include "bh-hypervisor.h"
#include "bh-machine.h"
#include "bh-vm-config.h"

#define BH_TYPE_POOL (bh_pool_get_type ())
G_DECLARE_FINAL_TYPE (BhPool, bh_pool, BH, POOL, GObject)

/* What their domains are called after "bulkhead-"; no AppVM's id has a "_". */
#define BH_POOL_PREFIX "pool_"
#define BH_POOL_MAX 2

/* Signals: "changed": bh_pool_count() or bh_pool_get_size() */

BhPool *bh_pool_new (BhHypervisor *hypervisor, BhFrozen *frozen);
BhFrozen *bh_pool_get_frozen (BhPool *self);

/* How many are to wait, 0 to 2; kept for later services. %BH_ERROR_INVALID_ARGUMENT. */
guint bh_pool_get_size (BhPool *self);
gboolean bh_pool_set_size (BhPool *self, guint size, GError **error);
/* How many wait. */
guint bh_pool_count (BhPool *self);

/* An AppVM like @config has started: the next ones are to be like that. */
void bh_pool_want (BhPool *self, BhVmConfig *config);

/* After login: like that of @vms (id → BhVm) that was used last. */
void bh_pool_want_last (BhPool *self, GHashTable *vms);

/**
 * bh_pool_take:
 * @key: of the frozen guest
 *
 * Returns: (transfer full) (nullable): one that was thawed from it, for bh_machine_take_over(); %NULL
 * when none waits
 */
BhMachine *bh_pool_take (BhPool *self, const char *key);

/* Whether the runtime folder or domain @id is one of these. */
gboolean bh_pool_has (BhPool *self, const char *id);

/* End them all, and make no more. */
void bh_pool_leave (BhPool *self);
/* Afterwards: returns when all have ended. */
void bh_pool_wait (BhPool *self);
