/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether there is room for the home that is in a file. */
#pragma once

#include "bh-archive.h"

/**
 * BhRoom:
 * In bytes.
 * @needs: what a disk takes with all that the home holds; 0: no home is in the file
 * @free: what there is for it now
 */
typedef struct
{
  guint64 needs, free;
} BhRoom;

/* @fd: the file that @archive was read from */
BhRoom bh_room_look (const BhArchive *archive, int fd);

/* %BH_ERROR_DISK_FULL */
gboolean bh_room_check (const BhArchive *archive, int fd, GError **error);
