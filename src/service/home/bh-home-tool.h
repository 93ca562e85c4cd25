/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs that work on home disks: qemu-img, qemu-nbd, mke2fs. */
#pragma once

#include <gio/gio.h>

/* What they have a descriptor of ours as. */
#define BH_HOME_TOOL_FD 3
/* Makes them take a key from it, as the secret "key". */
#define BH_HOME_TOOL_SECRET "secret,id=key,file=/dev/fd/3"

/* Where @name is; %BH_ERROR_FAILED says which @package has it. */
char *bh_home_tool_find (const char *name, const char *package, GError **error);

/* A pipe that gives @key once. -1 with @error set. */
int bh_home_tool_open_key (const char *key, GError **error);

/* @path as a value among others of QEMU's options. */
char *bh_home_tool_option (const char *path);

/**
 * bh_home_tool_run:
 * @fd: (transfer full): what the program has open as %BH_HOME_TOOL_FD; -1 for none
 * @what: that it does, for errors
 *
 * Run it to its end. %BH_ERROR_CANCELLED, %BH_ERROR_DISK_FULL, %BH_ERROR_FAILED with what it said.
 */
gboolean bh_home_tool_run (const char *const *argv, int fd, const char *what,
                           GCancellable *cancellable, GError **error);
