/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of the AppVM files: read at the start, and again when somebody changes a file. */
#pragma once

#include "bh-vm-config.h"

#include <gio/gio.h>

#define BH_TYPE_VM_FILES (bh_vm_files_get_type ())
G_DECLARE_FINAL_TYPE (BhVmFiles, bh_vm_files, BH, VM_FILES, GObject)

/* Signals:
 * "looked": the folder was read again */

BhVmFiles *bh_vm_files_new (void);

/* What the folder held when it was last looked at: id → BhVmConfig. */
GHashTable *bh_vm_files_get (BhVmFiles *self);
/* Files that are none of an AppVM or cannot be read: "/path: problem". */
const char *const *bh_vm_files_get_problems (BhVmFiles *self);
/* Whether @id has a file, though one that cannot be read. */
gboolean bh_vm_files_is_there (BhVmFiles *self, const char *id);
