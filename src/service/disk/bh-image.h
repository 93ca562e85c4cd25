/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known of a disk image from its own first words, which somebody else wrote. */
#pragma once

#include <gio/gio.h>

/**
 * BhImage:
 * @size: of the disk it is, in bytes; a multiple of 512
 * @uefi: it can only be started by UEFI
 */
typedef struct
{
  gboolean qcow2;
  guint64 size;
  gboolean uefi;
} BhImage;

/**
 * bh_image_read:
 * @fd: the image
 * @name: of it, for messages
 *
 * Refuses, as %BH_ERROR_INVALID_ARGUMENT, what is neither qcow2 nor a raw disk that can be booted from; and of qcow2
 * what is encrypted, damaged or cut off, and what names another file: nothing here follows such a name. Blocks.
 */
gboolean bh_image_read (int fd, const char *name, BhImage *out, GError **error);
