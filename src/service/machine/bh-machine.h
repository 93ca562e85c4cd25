/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One virtual machine, from its preparation to its end: booted, or thawed from a frozen guest. It knows
 * nothing of programs and windows; bh-run.h does. */
#pragma once

#include "bh-frozen.h"
#include "bh-hypervisor.h"
#include "bh-vm-config.h"

typedef struct _BhPool BhPool;

#define BH_TYPE_MACHINE (bh_machine_get_type ())
G_DECLARE_FINAL_TYPE (BhMachine, bh_machine, BH, MACHINE, GObject)

typedef enum
{
  BH_MACHINE_NEW,
  BH_MACHINE_PREPARING, /* kernel, initramfs, seed, XML */
  BH_MACHINE_CREATING,  /* libvirt starts it; not to be interrupted */
  BH_MACHINE_UP,
  BH_MACHINE_ENDING,
  BH_MACHINE_ENDED,
} BhMachineState;

/* Signals:
 * "step" (name): "kernel", "initramfs", "template", "domain", then "created", "thawed" or "pool"
 * "open": its channel can be connected to; the guest may be on its way still
 * "up": it runs
 * "down": what was thawed did not answer and is ended; "up" follows again when it boots
 * "ended" (GError or NULL): the last signal; an error only when it did not come up */

/* @id: of the domain, of its runtime folder and log
 * @pool: (nullable): where to look for a machine that waits */
BhMachine *bh_machine_new (const char *id, BhHypervisor *hypervisor, BhFrozen *frozen,
                           BhPool *pool);

/* Ends with "up" or "ended". */
void bh_machine_start (BhMachine *self, BhVmConfig *config, gboolean debug);

/* One that waits for some AppVM like @config: thawed, and when that cannot be done, ended. */
void bh_machine_start_spare (BhMachine *self, BhVmConfig *config);
/* Of a spare one: stop its processors until it is taken. */
void bh_machine_pause_async (BhMachine *self, GAsyncReadyCallback callback, gpointer data);
gboolean bh_machine_pause_finish (BhMachine *self, GAsyncResult *result, GError **error);
/* It waits, from the frozen guest @key. */
gboolean bh_machine_can_be_taken (BhMachine *self, const char *key);

/* Take over the domain @uuid that an earlier service has started. No "up" follows. */
void bh_machine_adopt (BhMachine *self, const char *uuid, gboolean kvm, guint memory_mib,
                       guint nics);

/* Its guest has answered and is configured: from now on it ends when it ends. */
void bh_machine_prove (BhMachine *self);

/**
 * bh_machine_fall_back:
 * @why: for the log
 *
 * It does not answer. When it was thawed that is the frozen guest's fault, perhaps: "down", and it boots.
 *
 * Returns: %FALSE: it has booted, or was good already; nothing was done
 */
gboolean bh_machine_fall_back (BhMachine *self, const char *why);

/* Its guest speaks: it has been thawed, before libvirt may be done with starting it. */
void bh_machine_heard (BhMachine *self);

/* At once; "ended" follows, perhaps from within. */
void bh_machine_end (BhMachine *self);

/* Forget it; it goes on. No signals. */
void bh_machine_abandon (BhMachine *self);

/* For a guest that nobody of ours is in; it may take its time, or not care. */
void bh_machine_press_power_button (BhMachine *self);
/* It has ended by the guest's own will. */
gboolean bh_machine_has_powered_off (BhMachine *self);

BhMachineState bh_machine_get_state (BhMachine *self);
/* It is being thawed, or was and has not been proven yet. */
gboolean bh_machine_is_thawing (BhMachine *self);
/* NULL before it is "up" */
const char *bh_machine_get_uuid (BhMachine *self);
gboolean bh_machine_get_kvm (BhMachine *self);
guint bh_machine_get_memory_mib (BhMachine *self);
/* How many network interfaces it has places for. */
guint bh_machine_get_nics (BhMachine *self);
