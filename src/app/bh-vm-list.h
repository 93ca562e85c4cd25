/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The AppVMs of this user: a list model of BhVmItem, sorted by name, fed by the service's
 * signals. */
#pragma once

#include "bh-dbus-manager.h"
#include "bh-vm-item.h"

typedef enum
{
  BH_VM_LIST_LOADING,
  BH_VM_LIST_READY,
  BH_VM_LIST_BROKEN
} BhVmListState;

#define BH_TYPE_VM_LIST (bh_vm_list_get_type ())
G_DECLARE_FINAL_TYPE (BhVmList, bh_vm_list, BH, VM_LIST, GObject)

/**
 * BhVmList::state-changed: also after every change of its items.
 * BhVmList::added: (item): an AppVM that was made while we looked.
 */

BhVmList *bh_vm_list_new (void);

/* Reach the service (again), starting it when it does not run. */
void bh_vm_list_connect (BhVmList *self);
BhVmListState bh_vm_list_get_state (BhVmList *self);
/* Why it is broken: what the bus said. */
const char *bh_vm_list_get_problem (BhVmList *self);
/* Returns: (nullable): %NULL unless ready */
BhDbusManager1 *bh_vm_list_get_manager (BhVmList *self);

/* Both: (transfer none) (nullable) */
BhVmItem *bh_vm_list_find_id (BhVmList *self, const char *id);
BhVmItem *bh_vm_list_find_path (BhVmList *self, const char *path);
/* An AppVM with this name as people compare names: without regard to case and outer spaces. */
BhVmItem *bh_vm_list_find_name (BhVmList *self, const char *name);
