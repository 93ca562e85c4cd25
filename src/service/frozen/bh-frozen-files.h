/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies between memfds and files, without the empty pages and with a checksum. */
#pragma once

#include <gio/gio.h>

/* Write what @fd holds to a new file @path and flush it. Pages of zeros become holes. */
gboolean bh_frozen_files_write (const char *path, int fd, guint64 *sum, GError **error);

/* The file as a new memfd @name that can still be written and sealed; -1 with %BH_ERROR_FAILED when its size
 * is not @size or its checksum not @sum. */
int bh_frozen_files_read (const char *path, const char *name, guint64 size, guint64 sum,
                          GCancellable *cancellable, GError **error);

/* Empty pages of a memfd take memory no longer. */
void bh_frozen_files_compact (int fd);

/* A folder of files. */
void bh_frozen_files_remove (const char *dir);
/* What the files in @dir/@name take on the disk. */
guint64 bh_frozen_files_size (const char *dir, const char *name);

/* The lines of /proc/cpuinfo that say what this computer's first processor is and can do. */
char *bh_frozen_files_processor (void);
