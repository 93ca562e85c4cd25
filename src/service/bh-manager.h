/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All AppVMs of this user: io.github.bulkhead.Manager1. */
#pragma once

#include "bh-dbus-manager.h"

#define BH_TYPE_MANAGER (bh_manager_get_type ())
G_DECLARE_FINAL_TYPE (BhManager, bh_manager, BH, MANAGER, BhDbusManager1Skeleton)

#define BH_MANAGER_PATH "/io/github/bulkhead"

/* Signals: "quit" (): the service is to end now. */

/* Reads the AppVM files. */
BhManager *bh_manager_new (void);

/* Shows everything on @connection, and looks for AppVMs that still run. */
gboolean bh_manager_export (BhManager *self, GDBusConnection *connection, GError **error);

/* The bus name is ours: what only one service may do can begin. */
void bh_manager_begin (BhManager *self);

/**
 * bh_manager_leave:
 * @stop_vms: whether AppVMs are stopped first, for at most some seconds; else they go on
 *
 * "quit" follows.
 */
void bh_manager_leave (BhManager *self, gboolean stop_vms);
