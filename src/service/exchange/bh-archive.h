/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM in one file, to be taken to another computer. */
#pragma once

#include "bh-vm-config.h"

/**
 * BhArchive:
 * @settings: key → value, only keys that this version knows and that may come from elsewhere
 * @digest: of all of @settings, and @home_size: who accepts it accepts those
 * @made: s of CLOCK_REALTIME, as the file says
 * @sealed: it was read with a passphrase
 * @home_size: of its home's disk, in bytes; 0: no home is in it
 * @home_used: of those bytes, how many it says its pieces have; 0: it does not say, or none
 */
typedef struct
{
  GHashTable *settings;
  char *digest;
  gint64 made;
  gboolean sealed;
  guint64 home_size, home_used;
} BhArchive;

/* Of a home, at most so many bytes at once. */
#define BH_ARCHIVE_PIECE_MAX (1 << 20)

/**
 * BhArchiveSource:
 * A home that is written.
 * @size: of its disk, in bytes
 * @used: what all pieces will have, as far as that is known
 * @next: gives the next piece, @n bytes at @offset; @n 0 at the end; both are multiples of 512
 */
typedef struct
{
  guint64 size, used;
  gboolean (*next) (guint64 *offset, const guint8 **piece, gsize *n, gpointer data, GError **error);
  gpointer data;
} BhArchiveSource;

/**
 * BhArchiveSink:
 * Who takes a home that is read.
 * @begin: called once, before any piece; what is not a piece is known
 * @piece: @n bytes at @offset, which is never before where the last one ended and never behind the disk's end
 *
 * That the home is whole is known when bh_archive_read() has returned.
 */
typedef struct
{
  gboolean (*begin) (const BhArchive *archive, gpointer data, GError **error);
  gboolean (*piece) (guint64 offset, const guint8 *piece, gsize n, gpointer data, GError **error);
  gpointer data;
} BhArchiveSink;

/**
 * bh_archive_write:
 * @fd: a file, empty; the caller's
 * @passphrase: (nullable): seals it
 * @home: (nullable): goes with it
 * @left_out: (out) (transfer full): names of keys that have a value and are not in it: they would be commands
 *
 * Blocks; any thread.
 */
gboolean bh_archive_write (int fd, BhVmConfig *config, GBytes *passphrase,
                           const BhArchiveSource *home, char ***left_out, GError **error);

/**
 * bh_archive_read:
 * @fd: a file that may hold anything; the caller's
 * @sink: (nullable): takes the home; without it a file with a home is read up to there only
 *
 * Makes no file and changes nothing. Errors: %BH_ERROR_INVALID_ARGUMENT for whatever is not right with the file
 * or the passphrase, %BH_ERROR_BAD_KEY_FILE for the definition in it. Blocks; any thread.
 */
BhArchive *bh_archive_read (int fd, GBytes *passphrase, const BhArchiveSink *sink, GError **error);
void bh_archive_free (BhArchive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhArchive, bh_archive_free)
