/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Additional disks of an AppVM: files and block devices of this computer. */
#pragma once

#include <gio/gio.h>

#define BH_DISKS_MAX 4

/**
 * BhDisk:
 * In a key file "PATH:OPTIONS", with "," between the options.
 * @path: absolute and canonical
 * @writable: option "rw"
 * @qcow2: option "qcow2"; raw otherwise. Never found out from what the disk holds: guests write that.
 * @id: option "id=": how the guest knows it; made of the path's last part when there is none
 * @block_size: option "block=": 512 or 4096; 0: what is usual
 * @cache: (nullable): option "cache=": "writeback", "writethrough", "none", "directsync" or "unsafe"
 */
typedef struct
{
  char *path;
  gboolean writable, qcow2;
  char *id;
  guint block_size;
  char *cache;
} BhDisk;

void bh_disk_free (BhDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhDisk, bh_disk_free)

/* @list with ";" between them, of BhDisk; %BH_ERROR_INVALID_ARGUMENT. */
GPtrArray *bh_disks_parse (const char *list, GError **error);
char *bh_disk_to_text (const BhDisk *disk);

/* Whether @text can be one of them, for bh-keys.c. */
gboolean bh_disk_is_one (const char *text);

/**
 * bh_disk_open_file:
 * @what: what it is to be, for errors
 * @follow: also when it is a symbolic link, which is a name that somebody can change meanwhile
 *
 * Refuses what Bulkhead keeps itself, and what cannot be read or written as asked; what it is has to be seen
 * from what is open. %BH_ERROR_NOT_FOUND, %BH_ERROR_INVALID_ARGUMENT.
 *
 * Returns: a descriptor, -1 with @error set
 */
int bh_disk_open_file (const char *what, const char *path, gboolean writable, gboolean follow,
                       GError **error);

/**
 * bh_disk_open:
 *
 * Refuses what bh_disk_open_file() does, and what is no disk.
 *
 * Returns: a descriptor, -1 with @error set
 */
int bh_disk_open (const BhDisk *disk, GError **error);
