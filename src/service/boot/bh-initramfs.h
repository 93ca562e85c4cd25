/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The initramfs of guests: bulkhead-init, bulkhead-guest with its libraries, and a few modules. */
#pragma once

#include "bh-kernel.h"

/**
 * bh_initramfs_ensure:
 * @kernel: whose modules to take
 *
 * Make the initramfs for @kernel and this build of our programs, unless the cache has it already.
 * Nothing in it depends on an AppVM or on the user.
 *
 * Errors: %BH_ERROR_NO_KERNEL when a module is missing, %BH_ERROR_DISK_FULL, %BH_ERROR_CANCELLED,
 * %BH_ERROR_FAILED. Blocks; any thread.
 *
 * Returns: (transfer full): its path in the cache
 */
char *bh_initramfs_ensure (const BhKernel *kernel, GCancellable *cancellable, GError **error);
