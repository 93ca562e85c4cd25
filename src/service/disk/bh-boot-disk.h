/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disk that an AppVM with Template=disk boots from: an image that is not ours, and what is written over it. */
#pragma once

#include "bh-image.h"
#include "bh-vm-config.h"

typedef enum
{
  BH_DISK_KEEP, /* changes go to a file of the AppVM's */
  BH_DISK_DROP, /* to one that is gone at the stop */
  BH_DISK_WRITE /* to the image */
} BhDiskChanges;

/**
 * BhBootDisk:
 * @image: what it is
 * @base: descriptor of the image, for reading; -1 with %BH_DISK_WRITE
 * @top: what is written to, for both: qcow2 over @base, or the image itself
 */
typedef struct
{
  BhImage image;
  BhDiskChanges changes;
  int base, top;
} BhBootDisk;

void bh_boot_disk_free (BhBootDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhBootDisk, bh_boot_disk_free)

BhDiskChanges bh_boot_disk_get_changes (BhVmConfig *config);

/**
 * bh_boot_disk_check:
 * @before: (nullable): settings that were good
 *
 * Whether a start could use the image that @config names; for when it is chosen. Reads little.
 */
gboolean bh_boot_disk_check (BhVmConfig *config, BhVmConfig *before, GError **error);

/**
 * bh_boot_disk_open:
 *
 * Open what it boots from, and make what it needs. Errors: those of bh_image_read(), %BH_ERROR_NOT_FOUND,
 * %BH_ERROR_FAILED when kept changes do not fit the image any more. Blocks.
 */
BhBootDisk *bh_boot_disk_open (BhVmConfig *config, GCancellable *cancellable, GError **error);

/* $XDG_DATA_HOME/bulkhead/homes/ID.image.qcow2 */
char *bh_boot_disk_path (const char *id);
/* Bytes that the kept changes of @id take; 0: there are none. */
guint64 bh_boot_disk_kept (const char *id);
/* Forget them; no error when there are none. */
gboolean bh_boot_disk_forget (const char *id, GError **error);
