/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Making an AppVM together with its home. */
#pragma once

#include "bh-job.h"
#include "bh-manager.h"

/**
 * BhNewcomerFill:
 * @path: where its home disk is to be made; whatever is left there is removed when it fails
 * @key: (nullable): with which it is to be encrypted
 *
 * In a thread. Tells the job how far it is.
 */
typedef gboolean (*BhNewcomerFill) (const char *path, const char *key, BhJob *job, gpointer data,
                                    GCancellable *cancellable, GError **error);

/**
 * bh_newcomer_job:
 * Returns: (transfer full): a job on the bus; cancelling it cancels @cancellable
 */
BhJob *bh_newcomer_job (BhManager *manager, GCancellable *cancellable, const char *text);

/**
 * bh_newcomer_make:
 * @planned: taken, or dropped
 * @job: its result gets "vm" (o)
 * @fill: (nullable): %NULL: its home begins empty
 * @free: of @data, in the main context
 *
 * The home first, then the AppVM: what fails or is cancelled leaves nothing. A new key of an encrypted home is in the
 * keyring. What a service leaves that dies meanwhile is removed by the next one.
 */
void bh_newcomer_make (BhManager *manager, BhVmConfig *planned, BhJob *job, GCancellable *cancellable,
                       BhNewcomerFill fill, gpointer data, GDestroyNotify free);

/* Manager1.DuplicateVm. */
void bh_duplicate_attach (BhManager *manager);
