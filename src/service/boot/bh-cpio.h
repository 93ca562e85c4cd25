/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes a cpio archive ("newc") into the cache: the initramfs, and the seed of /etc and /var. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

typedef struct _BhCpio BhCpio;

BhCpio *bh_cpio_new (const char *path, GError **error);

/* @name: without a leading "/"; @mode: with the type; @data: a file's bytes, or a link's target;
 * NULL for a folder or a device (the console's, the only one there is). All belong to root and have
 * no time, so that equal sources make equal archives. */
gboolean bh_cpio_add (BhCpio *cpio, const char *name, mode_t mode, const void *data, gsize size,
                      GError **error);

/* Complete the archive and give it its name. */
gboolean bh_cpio_commit (BhCpio *cpio, GError **error);

/* What was not committed leaves nothing. */
void bh_cpio_free (BhCpio *cpio);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhCpio, bh_cpio_free)
