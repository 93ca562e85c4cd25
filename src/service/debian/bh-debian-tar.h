/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a Debian system's archive holds that the service itself needs. */
#pragma once

#include <gio/gio.h>

/**
 * bh_debian_tar_read:
 * @in: the archive comes from here
 * @out: and goes on to here, byte for byte
 * @dir: gets seed/seed.cpio, applications/, icons/
 *
 * Reads to the end. Errors: %BH_ERROR_DISK_FULL, %BH_ERROR_FAILED. Blocks; any thread.
 */
gboolean bh_debian_tar_read (int in, int out, const char *dir, GError **error);
