/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is on a home disk, byte by byte, whatever the disk is in. */
#pragma once

#include <gio/gio.h>

typedef struct _BhHomeImage BhHomeImage;

/* All of these block. Errors: %BH_ERROR_CANCELLED, %BH_ERROR_DISK_FULL, %BH_ERROR_FAILED, and of
 * bh_home_image_open() those of bh_home_disk_read(). */

/**
 * bh_home_image_open:
 * @path: a disk that nothing else has open
 * @key: of an encrypted one, else %NULL
 * @cancellable: for all that is done with it
 */
BhHomeImage *bh_home_image_open (const char *path, const char *key, gboolean writable,
                                 GCancellable *cancellable, GError **error);
guint64 bh_home_image_get_size (BhHomeImage *self);

/**
 * bh_home_image_find:
 * @offset: (inout): where to look from; where the next bytes are that are not all zero
 * @size: (out): how many; 0: there are no more
 */
gboolean bh_home_image_find (BhHomeImage *self, guint64 *offset, guint64 *size, GError **error);
/* How many those are in all. */
gboolean bh_home_image_count (BhHomeImage *self, guint64 *bytes, GError **error);

/* @size: at most %BH_HOME_IMAGE_PIECE */
#define BH_HOME_IMAGE_PIECE (1 << 20)
gboolean bh_home_image_read (BhHomeImage *self, guint64 offset, void *to, gsize size,
                             GError **error);
gboolean bh_home_image_write (BhHomeImage *self, guint64 offset, const void *from, gsize size,
                              GError **error);

/* Everything that was written is on this computer's disk, and the disk is closed. Frees @self. */
gboolean bh_home_image_finish (BhHomeImage *self, GError **error);
void bh_home_image_free (BhHomeImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhHomeImage, bh_home_image_free)

/* How far it is, from the thread that is at work. */
typedef void (*BhHomeProgress) (guint percent, gpointer data);

/**
 * bh_home_image_copy:
 * @to: made; what is there is replaced, and what is half done stays there
 *
 * A disk of the same size and content under a key of its own, without the snapshots.
 */
gboolean bh_home_image_copy (const char *from, const char *key, const char *to, const char *new_key,
                             BhHomeProgress progress, gpointer data, GCancellable *cancellable,
                             GError **error);
