/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of BhManager share: bh-manager.c has the AppVMs and the bus, bh-manager-left.c finds
 * those that an earlier service has left. */
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
  GHashTable *found;   /* id → uuid of machines that ran before us, until they are adopted */
  guint look_again;    /* timer: libvirt could not be asked */
  gboolean look_first; /* before "ready" */
  gboolean begun;
  gboolean leaving;
  GPtrArray *stopping; /* GDBusMethodInvocation of StopAll, or NULL for leaving */
  guint stops_left;
};

/* Take the machines that were found over, or end them. */
void bh_manager_adopt (BhManager *self);
