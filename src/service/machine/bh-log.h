/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log of one AppVM: the guest's console (written by libvirt's log daemon, which limits it) and
 * the service's own lines, in one file. */
#pragma once

#include <gio/gio.h>

/* A line of our own, with the time. Never text from windows. */
void bh_log_line (const char *id, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* To be called before a start: makes the folder, puts a log above 4 MiB aside as ID.log.old. */
gboolean bh_log_prepare (const char *id, GError **error);

/**
 * bh_log_tail:
 * @lines: at most so many from the end, of at most 1 MiB
 *
 * Cleaned of control characters; "" when there is none.
 */
char *bh_log_tail (const char *id, guint lines);

/* As bh_log_tail(), from the last line of ours that starts with @mark on. */
char *bh_log_tail_since (const char *id, const char *mark, guint lines);

/* What @from is still being written to becomes the log of @id, after what that has had so far. */
void bh_log_adopt (const char *id, const char *from);

/* Where libvirt keeps what QEMU says of each domain. */
char *bh_log_libvirt_folder (void);

/* All log files of @id, libvirt's of its domain too. */
void bh_log_delete (const char *id);
