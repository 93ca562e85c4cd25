/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM as the windows show it: the service's object, its cleaned texts, and the jobs begun
 * here. */
#pragma once

#include "bh-dbus-vm.h"
#include "bh-job.h"

typedef enum
{
  BH_VM_STOPPED,
  BH_VM_STARTING,
  BH_VM_RUNNING,
  BH_VM_STOPPING,
  BH_VM_FAILED
} BhVmState;

typedef struct
{
  guint32 id;
  char *label;
  guint windows;
} BhRunning;

#define BH_TYPE_VM_ITEM (bh_vm_item_get_type ())
G_DECLARE_FINAL_TYPE (BhVmItem, bh_vm_item, BH, VM_ITEM, GObject)

/**
 * BhVmItem::changed: anything of it.
 * BhVmItem::notice: (text): something the user should know.
 * BhVmItem::program-crashed: (label)
 * BhVmItem::failed: (had_run): it did not start, or stopped by itself.
 */

BhVmItem *bh_vm_item_new (BhDbusVm1 *proxy);

BhDbusVm1 *bh_vm_item_get_proxy (BhVmItem *self);
const char *bh_vm_item_get_id (BhVmItem *self);
const char *bh_vm_item_get_name (BhVmItem *self);
const char *bh_vm_item_get_color (BhVmItem *self);
BhVmState bh_vm_item_get_state (BhVmItem *self);
/* The last failure, cleaned; "" when there is none. */
char *bh_vm_item_dup_error (BhVmItem *self);
/* Id of the AppVM that it is a disposable of; %NULL when it is none. */
const char *bh_vm_item_get_definition (BhVmItem *self);
/* Whether each of its programs gets a disposable. */
gboolean bh_vm_item_makes_disposables (BhVmItem *self);
/* What it offers: ids of desktop files, and commands as in bh-commands.h. */
/* It boots from a disk image, and is one window. */
gboolean bh_vm_item_is_desktop (BhVmItem *self);
const char *const *bh_vm_item_get_applications (BhVmItem *self);
/* Returns: (transfer container) (element-type BhRunning) */
GPtrArray *bh_vm_item_get_running (BhVmItem *self);
/* Whether it must be stopped before it can go. */
gboolean bh_vm_item_is_active (BhVmItem *self);
/* Whether its settings keep its home on a disk. */
gboolean bh_vm_item_has_home_disk (BhVmItem *self);
/* "Running, 2 programs"; while it starts or stops the step. */
char *bh_vm_item_dup_status (BhVmItem *self);

/* The job is the item's until it is finished. */
void bh_vm_item_add_job (BhVmItem *self, BhJob *job);
/* The latest that is not finished; (nullable). */
BhJob *bh_vm_item_get_job (BhVmItem *self);
gboolean bh_vm_item_is_launching (BhVmItem *self, const char *app);
