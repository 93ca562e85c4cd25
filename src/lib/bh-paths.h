/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where Bulkhead keeps what. Every folder is made 0700 when first asked for with bh_paths_ensure().
 *
 * | what | where |
 * |---|---|
 * | AppVM key files | $XDG_CONFIG_HOME/bulkhead/vms/ID.vm |
 * | logs | $XDG_STATE_HOME/bulkhead/ID.log |
 * | what the next service has to know | $XDG_STATE_HOME/bulkhead/NAME |
 * | kernels, initramfs, guest trees (made again when missing) | $XDG_CACHE_HOME/bulkhead/… |
 * | disks of AppVMs, changes of their images | $XDG_DATA_HOME/bulkhead/homes/… |
 * | folders for moving files in and out | $HOME/Bulkhead/ID |
 * | sockets of a running AppVM | $XDG_RUNTIME_DIR/bulkhead/ID/… |
 */
#pragma once

#include <glib.h>

char *bh_paths_vm_dir (void);
char *bh_paths_vm_file (const char *id);
char *bh_paths_log_file (const char *id);
char *bh_paths_state_file (const char *name);
char *bh_paths_data_dir (const char *kind);
char *bh_paths_inbox (const char *id);
char *bh_paths_cache_dir (const char *kind);
char *bh_paths_runtime_dir (const char *id);

/**
 * bh_paths_program:
 * @name: "bulkhead-proxy", "bulkhead-vmm", "bulkhead-guest" or "bulkhead-init"
 *
 * Where that program of this build is: in $BULKHEAD_LIBEXEC_DIR when that is set (the build folder's own
 * wrapper scripts and the tests do), else where it was installed. Never searched in PATH.
 */
char *bh_paths_program (const char *name);

/**
 * bh_paths_ensure:
 * @dir: a folder
 *
 * Make @dir and what is missing above it, 0700. %BH_ERROR_DISK_FULL or %BH_ERROR_FAILED.
 */
gboolean bh_paths_ensure (const char *dir, GError **error);
