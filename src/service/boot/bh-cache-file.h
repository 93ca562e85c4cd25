/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files that cost time to make and can be made again: whole or not there, and known to be
 * unchanged. */
#pragma once

#include <gio/gio.h>

/**
 * BhCacheFile:
 * A file of the cache that is being written under another name.
 */
typedef struct _BhCacheFile BhCacheFile;

/**
 * bh_cache_lock:
 * @dir: a folder of the cache, made when missing
 *
 * Wait until nobody else makes files there.
 *
 * Returns: a descriptor to close, -1 with @error set
 */
int bh_cache_lock (const char *dir, GError **error);

/**
 * bh_cache_file_valid:
 *
 * Whether @path is there and holds what was committed. A file whose size and times are those
 * recorded then is not read; else its checksum decides.
 */
gboolean bh_cache_file_valid (const char *path);

BhCacheFile *bh_cache_file_new (const char *path, GError **error);
gboolean bh_cache_file_write (BhCacheFile *file, const void *data, gsize size, GError **error);

/* Where its bytes are until it is committed. */
const char *bh_cache_file_get_temporary (const BhCacheFile *file);

/* Flush, rename to its final name and record size, times and checksum. */
gboolean bh_cache_file_commit (BhCacheFile *file, GError **error);

/* What was not committed leaves nothing. */
void bh_cache_file_free (BhCacheFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhCacheFile, bh_cache_file_free)

/* Remove all but the @keep youngest files of @dir that end in @suffix, and what crashes left. Call
 * with the lock held. A guest that runs from a removed file goes on: QEMU has read it. */
void bh_cache_prune (const char *dir, const char *suffix, guint keep);
