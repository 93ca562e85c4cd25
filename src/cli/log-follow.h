/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prints what is added to an AppVM's log file, cleaned, as it comes. */
#pragma once

#include <gio/gio.h>

typedef struct _BhLogFollow BhLogFollow;

/**
 * bh_log_follow_new:
 * @path: the file; it may not exist yet, and may be cut or replaced at any time
 * @lines: how many of its last lines to print first
 *
 * Goes on while the thread's default main context runs.
 */
BhLogFollow *bh_log_follow_new (const char *path, guint lines);
/* Prints what is left. */
void bh_log_follow_free (BhLogFollow *follow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhLogFollow, bh_log_follow_free)
