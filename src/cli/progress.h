/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is going on, on standard error: one line that changes on a terminal, a line per step
 * elsewhere. */
#pragma once

#include <glib.h>

typedef struct _BhProgress BhProgress;

BhProgress *bh_progress_new (gboolean quiet);
void bh_progress_free (BhProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhProgress, bh_progress_free)

/* The same step again is not shown again. */
void bh_progress_step (BhProgress *progress, const char *text);
/* A remark that stays; shown also when quiet. */
void bh_progress_note (BhProgress *progress, const char *text);
/* Take the changing line away. */
void bh_progress_end (BhProgress *progress);
