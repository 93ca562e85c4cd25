/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Starts a job of the service and waits for its end, showing its steps; Ctrl+C gives it up. */
#pragma once

#include "cli.h"
#include "progress.h"

#include <gio/gunixfdlist.h>

typedef struct
{
  const char *method;   /* returns a job */
  GVariant *parameters; /* taken, as by g_dbus_proxy_call() */
  GUnixFDList *fds;     /* that they name; NULL for none */
  /* The first Ctrl+C asks the program of the job's result "id" to end, instead of giving the job
   * up. */
  gboolean terminate;
} BhJobRequest;

typedef struct
{
  char *state; /* "done", "failed" or "cancelled"; NULL when there was no job or no end of it */
  GVariant *result;   /* a{sv}, perhaps empty; NULL with @state */
  GVariant *timeline; /* a(st), as @result */
} BhJobOutcome;

void bh_job_outcome_clear (BhJobOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BhJobOutcome, bh_job_outcome_clear)

/**
 * bh_job_run:
 * @proxy: a BhDbusVm1 or BhDbusManager1, whose method it is
 * @outcome: (out): to be cleared whatever is returned
 *
 * Interrupted (Ctrl+C, SIGTERM, SIGHUP) it gives the job up and waits for its end. Once more, and
 * it waits no longer.
 *
 * Returns: whether the job is done; otherwise @error is the job's, or %BH_ERROR_CANCELLED
 */
gboolean bh_job_run (BhCli *cli, gpointer proxy, const BhJobRequest *request, BhProgress *progress,
                     BhJobOutcome *outcome, GError **error);
