/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What bh-archive.c reads and bh-archive-write.c writes. */
#pragma once

#include "bh-archive.h"

#define BH_ARCHIVE_HEAD "bulkhead-appvm"
#define BH_ARCHIVE_DEFINITION "definition.vm"
#define BH_ARCHIVE_PIECE "home/" /* and its offset: 16 digits, 0-9 and a-f */
#define BH_ARCHIVE_HOME_END "home-end"

#define BH_ARCHIVE_GROUP "Export"
#define BH_ARCHIVE_HOME_GROUP "Home"
#define BH_ARCHIVE_FORMAT 1
/* So that a Bulkhead which knows nothing of homes says so. */
#define BH_ARCHIVE_FORMAT_HOME 2

/* Whether @fd is a plain file. */
gboolean bh_archive_check_file (int fd, GError **error);
/* Where a piece is counts as well as what it is. */
void bh_archive_sum (GChecksum *sum, guint64 offset, const guint8 *piece, gsize size);
