/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernel modules of guests: which, in which order, unpacked. */
#pragma once

#include <gio/gio.h>

/**
 * bh_modules_list:
 * @release, @dir: of the kernel
 *
 * What a guest needs until it sees /usr: files under @dir, each after those it depends on, soft
 * dependencies included; what is built into the kernel left out. %BH_ERROR_NO_KERNEL when one is
 * missing.
 *
 * Returns: (element-type filename) (transfer full): paths, perhaps of packed files
 */
GPtrArray *bh_modules_list (const char *release, const char *dir, GError **error);

/* The module in @path, unpacked when its name ends in .xz, .zst or .gz. */
GBytes *bh_modules_read (const char *path, GError **error);
