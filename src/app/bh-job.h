/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Work of the service for one AppVM (a Job1 object), from the click on: its step, how far it is,
 * and its end. */
#pragma once

#include <gio/gio.h>

typedef enum
{
  BH_JOB_LAUNCH,
  BH_JOB_DISPOSABLE, /* a launch in a disposable of the AppVM */
  BH_JOB_START,
  BH_JOB_STOP,
  BH_JOB_HOME,
  BH_JOB_BUILD, /* of a Debian template */
  BH_JOB_CHECK, /* of a Debian template for updates */
  BH_JOB_OPEN,  /* a launch with files or addresses, which are the label */
  BH_JOB_COPY   /* the AppVM made a second time, or written into a file or read from one */
} BhJobKind;

#define BH_TYPE_JOB (bh_job_get_type ())
G_DECLARE_FINAL_TYPE (BhJob, bh_job, BH, JOB, GObject)

/**
 * BhJob::changed: the step has changed.
 *
 * BhJob::finished:
 * @error: (nullable): why it failed; a %BH_ERROR_CANCELLED when the person cancelled it
 * Sent once.
 */

/**
 * bh_job_new:
 * @app: (nullable): desktop-file id, for launches
 * @label: name of the program for people, or ""
 */
BhJob *bh_job_new (BhJobKind kind, const char *app, const char *label);

BhJobKind bh_job_get_kind (BhJob *self);
const char *bh_job_get_app (BhJob *self);
const char *bh_job_get_label (BhJob *self);
/* What is being done, for people; "" before the service said so. */
const char *bh_job_get_step (BhJob *self);
/* 0 to 1: the per cents of a job that counts them, else by the steps that a start goes through. */
double bh_job_get_fraction (BhJob *self);
gboolean bh_job_is_finished (BhJob *self);
/* Text the program wrote before it ended; (nullable). */
const char *bh_job_get_output (BhJob *self);

/* The AppVM that it has made: an object path; (nullable). */
const char *bh_job_get_vm (BhJob *self);

/* The call that makes the job has returned: follow the object, or end with the error. */
void bh_job_follow (BhJob *self, GDBusConnection *bus, const char *path);
void bh_job_fail (BhJob *self, const GError *error);

/* Takes effect at once for people; the service is told as soon as it can be. */
void bh_job_cancel (BhJob *self);
