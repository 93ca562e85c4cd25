/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Work that a D-Bus caller waits for: io.github.bulkhead.Job1. */
#pragma once

#include "bh-dbus-job.h"

#define BH_TYPE_JOB (bh_job_get_type ())
G_DECLARE_FINAL_TYPE (BhJob, bh_job, BH, JOB, BhDbusJob1Skeleton)

/* Signals: "cancel" (): the caller asks for it; whoever runs the job answers with bh_job_fail(). */

BhJob *bh_job_new (void);

/**
 * bh_job_step:
 * @name: as in io.github.bulkhead.Job1.Timeline
 * @text: for people; "" keeps the one shown
 */
void bh_job_step (BhJob *self, const char *name, const char *text);

/**
 * bh_job_progress:
 * @percent: how much is done
 * @text: what is being done, for people
 *
 * Within a step. Callers see it as a step named "progress", which is not in Timeline.
 */
void bh_job_progress (BhJob *self, guint percent, const char *text);

/* The same, from any thread. */
void bh_job_progress_later (BhJob *self, guint percent, const char *text);

/* Adds to the result; only while it runs. */
void bh_job_add_result (BhJob *self, const char *key, GVariant *value);

void bh_job_done (BhJob *self);
void bh_job_fail (BhJob *self, const GError *error);
gboolean bh_job_is_running (BhJob *self);

/**
 * bh_job_export:
 * Show it on the bus; it goes ten seconds after its end.
 */
void bh_job_export (BhJob *self, GDBusObjectManagerServer *server);
const char *bh_job_get_path (BhJob *self);
