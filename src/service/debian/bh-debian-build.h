/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Building a Debian template. */
#pragma once

#include "bh-debian-work.h"

/**
 * bh_debian_build:
 *
 * Build @set from the archive that apt is set up to use, and make it the build in use. Waits while another process
 * builds one. On error, or cancelled, everything is as before, but for downloaded packages, which are kept for the
 * next time. Blocks for a minute or more; any thread.
 *
 * Errors: %BH_ERROR_NOT_FOUND (a tool, an archive or a package; says which), %BH_ERROR_FAILED, %BH_ERROR_DISK_FULL,
 * %BH_ERROR_CANCELLED.
 */
gboolean bh_debian_build (const BhDebianSet *set, BhDebianProgress progress, gpointer data,
                          GCancellable *cancellable, GError **error);

/* What builds have left that were killed. */
void bh_debian_clean (void);
