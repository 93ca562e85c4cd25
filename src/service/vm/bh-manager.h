/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All AppVMs of this user: io.github.bulkhead.Manager1. */
#pragma once

#include "bh-dbus-manager.h"
#include "bh-vm.h"

#define BH_TYPE_MANAGER (bh_manager_get_type ())
G_DECLARE_FINAL_TYPE (BhManager, bh_manager, BH, MANAGER, BhDbusManager1Skeleton)

#define BH_MANAGER_PATH "/io/github/bulkhead"

/* Signals:
 * "ready": it knows what runs, so the bus name can be taken
 * "quit": the service is to end now */

/* Reads the AppVM files. */
BhManager *bh_manager_new (void);

/* Making an AppVM: the plan, of a{ss} as by Manager1.CreateVm or a copy of @vm, sets its name and id aside and is
 * the manager's; then it is taken, or dropped. Nothing of it is to be seen before it is taken. */
BhVmConfig *bh_manager_plan_vm (BhManager *self, GVariant *settings, GError **error);
/* @name: "": one of its own */
BhVmConfig *bh_manager_plan_copy (BhManager *self, BhVm *vm, const char *name, GError **error);
/* Frees @planned, whatever comes of it. Owned by the manager, as that of the next. */
BhVm *bh_manager_take_plan (BhManager *self, BhVmConfig *planned, GError **error);
void bh_manager_drop_plan (BhManager *self, BhVmConfig *planned);
/* As Manager1.FindVm. */
BhVm *bh_manager_find_vm (BhManager *self, const char *name, GError **error);

/* All of them, of BhVm. */
GPtrArray *bh_manager_list_vms (BhManager *self);
GDBusObjectManagerServer *bh_manager_get_server (BhManager *self);

/* Shows everything on @connection. */
gboolean bh_manager_export (BhManager *self, GDBusConnection *connection, GError **error);

/**
 * bh_manager_look:
 * Ask libvirt what runs. "ready" follows: at once when no AppVM's QEMU is there, else with libvirt's answer, so
 * that no caller can start an AppVM that runs already. Changes nothing yet.
 */
void bh_manager_look (BhManager *self);

/* The bus name is ours: adopt what runs, end what nobody knows. */
void bh_manager_begin (BhManager *self);

/**
 * bh_manager_leave:
 * @stop_vms: whether AppVMs are stopped first, for at most some seconds; else they go on
 *
 * "quit" follows.
 */
void bh_manager_leave (BhManager *self, gboolean stop_vms);
