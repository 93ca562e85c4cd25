/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Freezing a guest, and seeing that it can be thawed. */
#pragma once

#include <libvirt/libvirt.h>

#include "bh-frozen-guest.h"

/**
 * BhFrozenPlan:
 * @key: bh_frozen_guest_key() of @spec
 * @kernel: release, for people
 * @spec: the guest to boot; its strings are the plan's own. id, uuid, folder and log are @key's
 */
typedef struct
{
  char *key, *kernel;
  BhDomainSpec spec;
} BhFrozenPlan;

/* A plan for guests such as the AppVM @spec is. */
BhFrozenPlan *bh_frozen_plan_new (const BhDomainSpec *spec, const char *key, const char *kernel);
/* Before each try: a machine with a name of its own, since libvirt may not be done with that of the last. */
void bh_frozen_plan_begin (BhFrozenPlan *plan);
void bh_frozen_plan_free (BhFrozenPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhFrozenPlan, bh_frozen_plan_free)

/* What domains of guests in the making are called after "bulkhead-"; no AppVM's id has a "_". */
#define BH_FREEZE_PREFIX "frozen_"
/* The log of them all. */
#define BH_FREEZE_LOG "frozen_guests"

/* In the calling thread. @step: a constant, for people; @progress: 0 to 1 */
typedef void (*BhFreezeStep) (const char *step, double progress, gpointer data);

/**
 * bh_freeze_make:
 *
 * Boot a guest up to its hello, freeze it, and see that it can be thawed: only one that answered again is
 * returned. Takes seconds; leaves no domain, no folder and no process behind, whatever happens.
 */
BhFrozenGuest *bh_freeze_make (virConnectPtr conn, const BhFrozenPlan *plan,
                               gboolean allow_read_only, BhFreezeStep step, gpointer data,
                               GCancellable *cancellable, GError **error);
