/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files that only who knows a passphrase can read, or change unnoticed. */
#pragma once

#include <gio/gio.h>

/* Whether the file begins as a sealed one; its position stays. */
gboolean bh_sealed_is (int fd);

typedef struct _BhSealer BhSealer;

/**
 * bh_sealer_new:
 * @fd: where to write; the caller's
 *
 * Errors of all of these: %BH_ERROR_DISK_FULL, %BH_ERROR_NO_MEMORY, %BH_ERROR_FAILED. Takes about a second.
 */
BhSealer *bh_sealer_new (int fd, GBytes *passphrase, GError **error);
gboolean bh_sealer_write (BhSealer *self, const void *data, gsize size, GError **error);
/* Nothing may follow. A file without this is one that was cut off. */
gboolean bh_sealer_finish (BhSealer *self, GError **error);
void bh_sealer_free (BhSealer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhSealer, bh_sealer_free)

typedef struct _BhOpener BhOpener;

/* Errors: %BH_ERROR_INVALID_ARGUMENT when it is no sealed file. */
BhOpener *bh_opener_new (int fd, GBytes *passphrase, GError **error);

/**
 * bh_opener_read:
 * @data: (out): what comes next, good until the next call; all of it was written by one who knew the passphrase
 *
 * Returns: how much; 0 at the end, which is the end that was written; -1 with %BH_ERROR_INVALID_ARGUMENT when the
 * passphrase is wrong, or the file was changed or cut off
 */
gssize bh_opener_read (BhOpener *self, const guint8 **data, GError **error);
void bh_opener_free (BhOpener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhOpener, bh_opener_free)
