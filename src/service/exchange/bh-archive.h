/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM in one file, to be taken to another computer. */
#pragma once

#include "bh-vm-config.h"

/**
 * BhArchive:
 * @settings: key → value, only keys that this version knows and that may come from elsewhere
 * @digest: of all of @settings: who accepts it accepts those
 * @made: s of CLOCK_REALTIME, as the file says
 * @sealed: it was read with a passphrase
 */
typedef struct
{
  GHashTable *settings;
  char *digest;
  gint64 made;
  gboolean sealed;
} BhArchive;

/**
 * bh_archive_write:
 * @fd: a file, empty; the caller's
 * @passphrase: (nullable): seals it
 * @left_out: (out) (transfer full): names of keys that have a value and are not in it: they would be commands
 *
 * Blocks; any thread.
 */
gboolean bh_archive_write (int fd, BhVmConfig *config, GBytes *passphrase, char ***left_out,
                           GError **error);

/**
 * bh_archive_read:
 * @fd: a file that may hold anything; the caller's
 *
 * Makes no file and changes nothing. Errors: %BH_ERROR_INVALID_ARGUMENT for whatever is not right with the file
 * or the passphrase, %BH_ERROR_BAD_KEY_FILE for the definition in it. Blocks; any thread.
 */
BhArchive *bh_archive_read (int fd, GBytes *passphrase, GError **error);
void bh_archive_free (BhArchive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhArchive, bh_archive_free)
