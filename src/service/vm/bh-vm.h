/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM on the bus: io.github.bulkhead.Vm1. Its run (bh-run.h) does the work; this translates
 * calls into it, and what it says into properties and jobs. */
#pragma once

#include "bh-dbus-vm.h"
#include "bh-host-apps.h"
#include "bh-pool.h"
#include "bh-hypervisor.h"
#include "bh-vm-config.h"

#define BH_TYPE_VM (bh_vm_get_type ())
G_DECLARE_FINAL_TYPE (BhVm, bh_vm, BH, VM, BhDbusVm1Skeleton)

/* Signals:
 * "check-name" (name) → gboolean: whether another AppVM has the name
 * "deleted": take it off the bus
 * "make-disposable" (GError **) → BhVm: a new one, with its settings or narrower
 * "ready" (kvm): it runs, with KVM or emulated */

BhVm *bh_vm_new (BhVmConfig *config, BhHypervisor *hypervisor, BhPool *pool, BhHostApps *apps,
                 GDBusObjectManagerServer *server);
const char *bh_vm_get_id (BhVm *self);
const char *bh_vm_get_name (BhVm *self);
BhVmConfig *bh_vm_get_config (BhVm *self); /* (transfer none) */
const char *bh_vm_get_path (BhVm *self);

/* aa{sv}: what Manager1.ListUsb gives. @vms: id → BhVm. */
GVariant *bh_vm_list_usb (GHashTable *vms);

/* Its file has @config now: take that over as if it had been set. */
void bh_vm_reload (BhVm *self, BhVmConfig *config);

/* Its machine @uuid runs already. */
void bh_vm_adopt (BhVm *self, const char *uuid);

/* Whether it is anything but stopped. */
gboolean bh_vm_is_active (BhVm *self);

void bh_vm_stop_async (BhVm *self, gboolean force, GAsyncReadyCallback callback, gpointer data);
gboolean bh_vm_stop_finish (BhVm *self, GAsyncResult *result, GError **error);

/* The AppVMs (id → BhVm) of this service: who may use whose network. The table must live on. */
void bh_vm_share_networks (GHashTable *vms);

/* It is a disposable of that AppVM (an id). */
void bh_vm_become_disposable (BhVm *self, const char *definition);
/* %NULL when it is none */
const char *bh_vm_get_definition (BhVm *self);
/* As many more, or fewer, are there of @self. */
void bh_vm_count_disposables (BhVm *self, int change);
/* %BH_ERROR_INVALID_ARGUMENT when it is a disposable, of which nothing is kept or changed. */
gboolean bh_vm_check_kept (BhVm *self, GError **error);
/* Its run is over, or it turned out not to run: unless it is a disposable, nothing happens. */
void bh_vm_disposable_ended (BhVm *self);

/* Its home disk is not changed or used until it is released. %BH_ERROR_BUSY when it is now,
 * %BH_ERROR_INVALID_ARGUMENT when it has none. @cancellable: of what is done meanwhile. */
gboolean bh_vm_hold_home (BhVm *self, GCancellable *cancellable, GError **error);
void bh_vm_release_home (BhVm *self);

/* Delete it with all it holds; it does not run. */
gboolean bh_vm_discard (BhVm *self, GError **error);

/* Let go of a running machine without ending it. */
void bh_vm_abandon (BhVm *self);
