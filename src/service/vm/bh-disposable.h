/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Disposable AppVMs: what they may, how they are numbered, and what is kept of them while they run.
 *
 * A disposable has the settings of its definition, an AppVM with a file, or narrower ones. It has no file
 * among those of the AppVMs: what the next service needs to go on with it is in the runtime folder, and
 * gone when it ends. */
#pragma once

#include "bh-vm-config.h"

/* At once, of one definition. */
#define BH_DISPOSABLES_MAX 99

/* "work--1": no name makes such an id. */
char *bh_disposable_make_id (const char *definition, guint number);
gboolean bh_disposable_is_id (const char *id);
/* The number in it; 0 when it is none. */
guint bh_disposable_get_number (const char *id);

/**
 * bh_disposable_config:
 * @definition: whose settings it gets
 * @asker: the AppVM that it is asked for in; @definition itself, when a person did
 * @error: as bh_vm_config_copy()
 *
 * The one place that decides what a disposable may reach: never more than @definition, and never more than
 * @asker. Devices and disks of this computer are one AppVM's at a time, and never given. Folders are read-only in it,
 * unless @definition says that all it is for are disposables.
 */
BhVmConfig *bh_disposable_config (BhVmConfig *definition, BhVmConfig *asker, const char *id,
                                  const char *name, GError **error);

/* Tell the next service of it; @definition: an id. */
gboolean bh_disposable_remember (BhVmConfig *config, const char *definition, GError **error);
void bh_disposable_forget (const char *id);

/**
 * bh_disposable_list:
 *
 * Returns: (transfer full): id → id of its definition, of those that an earlier service has told of
 */
GHashTable *bh_disposable_list (void);
/* What bh_disposable_remember() kept; %NULL when that cannot be used. */
BhVmConfig *bh_disposable_load (const char *id, const char *definition);
