/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kernel that guests boot: one of this computer's own, unpacked once into the cache. */
#pragma once

#include <gio/gio.h>

/**
 * BhKernel:
 * @release: as uname(2) would say it, "6.1.0-13-amd64"
 * @image: the uncompressed ELF kernel, in the cache
 * @modules_dir: folder with modules.dep
 */
typedef struct
{
  char *release;
  char *image;
  char *modules_dir;
} BhKernel;

/**
 * bh_kernel_find:
 *
 * The running kernel when it can be read and has the modules a guest needs, else the newest one in
 * /boot that has them. Unpacks it into the cache when it is not there yet (one to two seconds).
 * $BULKHEAD_KERNEL_DIR stands for /boot in tests; the running kernel is then not preferred, and
 * modules are looked for in $BULKHEAD_KERNEL_DIR/modules first.
 *
 * Errors: %BH_ERROR_NO_KERNEL (names the package), %BH_ERROR_KERNEL_UNREADABLE (names the file and
 * the command), %BH_ERROR_DISK_FULL, %BH_ERROR_CANCELLED, %BH_ERROR_FAILED. Blocks; any thread.
 */
BhKernel *bh_kernel_find (GCancellable *cancellable, GError **error);

/**
 * bh_kernel_open:
 * @file: a kernel that somebody has chosen
 * @any_modules: it need not have the modules that guests need
 *
 * Errors: as bh_kernel_find(); %BH_ERROR_INVALID_ARGUMENT when there is no such file or it is no kernel.
 */
BhKernel *bh_kernel_open (const char *file, gboolean any_modules, GCancellable *cancellable,
                          GError **error);
void bh_kernel_free (BhKernel *kernel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhKernel, bh_kernel_free)
