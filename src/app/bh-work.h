/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A window that shows how far a job is, lets it be cancelled, and tells its end. */
#pragma once

#include "bh-job.h"

#include <gtk/gtk.h>

/* @window: (nullable): where it was begun, while that is there; only when it is done. */
typedef void (*BhWorkDone) (BhJob *job, GtkWindow *window, gpointer data);

/**
 * bh_work_begin:
 * @origin: a widget of the window that it is over
 * @heading: what is being done
 * @failed: heading of what tells that it failed
 * @free: (nullable): of @data, whatever the end is
 *
 * What is done at once shows no window.
 *
 * Returns: (transfer none): a job to be followed or failed; it is there until then
 */
BhJob *bh_work_begin (GtkWidget *origin, const char *heading, const char *failed, BhWorkDone done,
                      gpointer data, GDestroyNotify free);

/* The call that makes the job has ended: @path of the job, or @error, which is taken. */
void bh_work_called (BhJob *job, gpointer proxy, const char *path, GError *error);
