/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file that is there when it is whole, and leaves nothing when it never is. */
#pragma once

#include <gio/gio.h>

typedef struct _BhNewFile BhNewFile;

/**
 * bh_new_file_open:
 * @path: what it is to be called; nothing is changed there before bh_new_file_keep()
 *
 * Has no name until then, so that a killed program leaves nothing; where the file system has no such files it is called
 * @path and ".part-PID" meanwhile.
 *
 * Errors: those of opening a file, in English.
 */
BhNewFile *bh_new_file_open (const char *path, GError **error);

/* For reading and writing; the file's own, and the same until it is freed. */
int bh_new_file_get_fd (BhNewFile *self);

/* Whether it has a name meanwhile, and somebody has to remove it when this program is killed. */
gboolean bh_new_file_is_named (BhNewFile *self);

/* Once. @replace: what is called so now; otherwise %BH_ERROR_EXISTS, and nothing is changed. */
gboolean bh_new_file_keep (BhNewFile *self, gboolean replace, GError **error);

/* It is gone unless it was kept. */
void bh_new_file_free (BhNewFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhNewFile, bh_new_file_free)
