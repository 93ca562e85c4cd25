/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of BhManager share: bh-manager.c has the AppVMs and the bus, bh-manager-left.c finds
 * those that an earlier service has left, bh-manager-disposable.c makes and ends disposables. */
#pragma once

#include "bh-frozen.h"
#include "bh-host-apps.h"
#include "bh-hypervisor.h"
#include "bh-launchers.h"
#include "bh-manager.h"
#include "bh-pool.h"
#include "bh-tray.h"
#include "bh-vm-files.h"
#include "bh-vm.h"

struct _BhManager
{
  BhDbusManager1Skeleton parent;
  GDBusObjectManagerServer *server;
  BhHypervisor *hypervisor;
  BhFrozen *frozen;
  BhPool *pool;
  BhHostApps *apps;
  BhLaunchers *launchers;
  BhVmFiles *files;
  BhTray *tray;
  GHashTable *vms;     /* id → BhVm */
  GHashTable *planned; /* id → BhVmConfig: AppVMs that are being made */
  GHashTable *found;   /* id → uuid of machines that ran before us, until they are adopted */
  guint look_again;    /* timer: libvirt could not be asked */
  gboolean look_first; /* before "ready" */
  gboolean begun;
  gboolean leaving;
  GPtrArray *stopping; /* GDBusMethodInvocation of StopAll, or NULL for leaving */
  guint stops_left;
};

/* A new AppVM on the bus; @definition: (nullable): it is a disposable of that one. */
BhVm *bh_manager_add_vm (BhManager *self, BhVmConfig *config, const char *definition);
/* %NULL when there is none. */
BhVm *bh_manager_find_name (BhManager *self, const char *name);
gboolean bh_manager_has_id (const char *id, gpointer self);
/* %BH_ERROR_BUSY when there can be no more AppVMs. */
gboolean bh_manager_has_room (BhManager *self, GError **error);
/* @name with @ending, cut so that it still is a name. */
char *bh_manager_name_with (const char *name, const char *ending);

/* For "make-disposable" of @asker. */
GObject *bh_manager_make_disposable (BhVm *asker, GError **error, BhManager *self);
/* The settings of @definition are others now. */
void bh_manager_update_disposables (BhManager *self, BhVm *definition);
/* It is about to go off the bus. */
void bh_manager_drop_disposable (BhManager *self, BhVm *vm);
/* Those that an earlier service has told of and that run still; nothing stays of the others. */
void bh_manager_find_disposables (BhManager *self);
/* Those that turned out not to run. */
void bh_manager_end_disposables (BhManager *self);

/* Take the machines that were found over, or end them. */
void bh_manager_adopt (BhManager *self);
