/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Building and checking Debian templates, in threads. A job that nobody cancels goes on when its caller has
 * gone.
 *
 * Each template is checked once a day by itself. What goes wrong with that is only said in the log, and tried
 * again an hour later: a computer without a network is no fault. */
#include "config.h"

#include "bh-template-jobs.h"

#include "bh-debian-build.h"
#include "bh-debian-check.h"
#include "bh-error.h"
#include "bh-job.h"
#include "bh-service-conf.h"
#include "bh-trim.h"
#include "bh-vm-template.h"

#include <string.h>

/* More would only wait for each other. */
#define MAX_JOBS 8
#define FIRST_LOOK_SECONDS 120
#define LOOK_SECONDS 3600
#define CHECK_HOURS 24
#define MAX_CHECK_HOURS (365 * 24)

typedef struct
{
  BhManager *manager;
  BhDebianSet *set;
  BhJob *job; /* NULL: nobody waits */
  GCancellable *cancellable;
  gboolean check; /* or build */
} Work;

static gboolean look (gpointer data);

static guint n_jobs;
static gboolean looking; /* a check that nobody waits for goes on */

static void
work_free (gpointer data)
{
  Work *work = data;

  if (work->job)
    g_signal_handlers_disconnect_by_data (work->job, work);
  g_object_unref (work->manager);
  bh_debian_set_free (work->set);
  g_clear_object (&work->job);
  g_object_unref (work->cancellable);
  g_free (work);
}

void
bh_template_jobs_changed (BhManager *manager, const char *key)
{
  g_autoptr (GPtrArray) vms = bh_manager_list_vms (manager);

  for (guint i = 0; i < vms->len; i++)
    {
      g_autoptr (BhDebianSet) set = bh_debian_set_of (bh_vm_get_config (vms->pdata[i]), NULL);

      if (!set || !g_str_equal (set->key, key))
        continue;
      /* Its programs have come, or are others now: launchers are made of them. */
      g_object_notify (vms->pdata[i], "settings");
      bh_vm_template_show (vms->pdata[i]);
    }
  bh_dbus_manager1_emit_templates_changed (BH_DBUS_MANAGER1 (manager));
}

/* Progress, out of the thread. */

static void
on_progress (guint percent, const char *text, gpointer data)
{
  Work *work = data;

  if (work->job)
    bh_job_progress_later (work->job, percent, text);
}

/* Doing it. */

static void
work_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GError *error = NULL;
  gboolean good = work->check ? bh_debian_check (work->set, work->job != NULL, on_progress, work,
                                                 cancellable, &error)
                              : bh_debian_build (work->set, on_progress, work, cancellable, &error);

  if (good)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
finish_job (Work *work)
{
  if (work->check)
    {
      g_autoptr (BhDebianUpdates) updates = bh_debian_updates_read (work->set->key);

      bh_job_add_result (work->job, "updates",
                         g_variant_new_uint32 (g_strv_length (updates->packages)));
      bh_job_add_result (work->job, "security", g_variant_new_uint32 (updates->security));
    }
  else
    bh_job_add_result (work->job, "key", g_variant_new_string (work->set->key));
  bh_job_done (work->job);
}

static void
on_worked (GObject *source, GAsyncResult *result, gpointer data)
{
  Work *work = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  gboolean good = g_task_propagate_boolean (G_TASK (result), &error);

  if (work->job)
    n_jobs--;
  else
    looking = FALSE;
  if (good && work->job)
    finish_job (work);
  if (good)
    bh_template_jobs_changed (work->manager, work->set->key);
  else if (work->job)
    bh_job_fail (work->job, error);
  else
    g_info ("Template %s was not checked: %s", work->set->key, error->message);
  if (good && !work->job)
    look (work->manager); /* at another */
  bh_trim_later ();
}

static void
on_cancel (BhJob *job, Work *work)
{
  g_cancellable_cancel (work->cancellable);
}

/* Takes @set. */
static Work *
work_new (BhManager *manager, BhDebianSet *set, gboolean check)
{
  Work *work = g_new0 (Work, 1);

  work->manager = g_object_ref (manager);
  work->set = set;
  work->cancellable = g_cancellable_new ();
  work->check = check;
  return work;
}

static void
run (Work *work)
{
  g_autoptr (GTask) task = g_task_new (work->manager, work->cancellable, on_worked, NULL);

  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, work_in_thread);
}

/* Takes @set; NULL: @error is why there is none. */
static BhJob *
begin (BhManager *manager, BhDebianSet *set, gboolean check, GError **error)
{
  Work *work;

  if (!set)
    return NULL;
  if (n_jobs >= MAX_JOBS)
    {
      bh_debian_set_free (set);
      g_set_error (error, BH_ERROR, BH_ERROR_LIMIT_REACHED,
                   "%u templates are being worked on already. Wait for one of them.", n_jobs);
      return NULL;
    }
  n_jobs++;
  work = work_new (manager, set, check);
  work->job = bh_job_new ();
  bh_job_step (work->job, "template", "Preparing");
  g_signal_connect (work->job, "cancel", G_CALLBACK (on_cancel), work);
  bh_job_export (work->job, bh_manager_get_server (manager));
  run (work);
  return work->job;
}

/* The bus. */

static gboolean
handle_build (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *suite,
              const char *packages)
{
  g_autoptr (GError) error = NULL;
  BhJob *job =
      begin (BH_MANAGER (manager), bh_debian_set_new (suite, packages, &error), FALSE, &error);

  if (job)
    bh_dbus_manager1_complete_build_template (manager, g_steal_pointer (&invocation),
                                              bh_job_get_path (job));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static gboolean
handle_update (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *key)
{
  g_autoptr (GError) error = NULL;
  BhJob *job = begin (BH_MANAGER (manager), bh_debian_open (key, &error), FALSE, &error);

  if (job)
    bh_dbus_manager1_complete_update_template (manager, g_steal_pointer (&invocation),
                                               bh_job_get_path (job));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static gboolean
handle_check (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *key)
{
  g_autoptr (GError) error = NULL;
  BhJob *job = begin (BH_MANAGER (manager), bh_debian_open (key, &error), TRUE, &error);

  if (job)
    bh_dbus_manager1_complete_check_template (manager, g_steal_pointer (&invocation),
                                              bh_job_get_path (job));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

/* By itself. */

/* The one that was not checked for the longest time, when that is long enough. */
static BhDebianSet *
find_next (guint hours)
{
  g_autoptr (GPtrArray) keys = bh_debian_list ();
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gint64 oldest = now - (gint64) hours * 3600;
  BhDebianSet *next = NULL;

  for (guint i = 0; i < keys->len; i++)
    {
      g_autoptr (BhDebianUpdates) updates = bh_debian_updates_read (keys->pdata[i]);
      /* A clock that was wrong must not put it off for years. */
      gint64 checked = updates->checked > now ? 0 : updates->checked;
      g_autoptr (BhDebianSet) set =
          checked <= oldest ? bh_debian_open (keys->pdata[i], NULL) : NULL;

      if (!set)
        continue;
      oldest = checked;
      g_clear_pointer (&next, bh_debian_set_free);
      next = g_steal_pointer (&set);
    }
  return next;
}

static gboolean
look (gpointer data)
{
  BhManager *manager = data;
  guint hours = bh_service_conf_get_uint ("TemplateCheckHours", MAX_CHECK_HOURS, CHECK_HOURS);
  BhDebianSet *set = hours > 0 && !looking ? find_next (hours) : NULL;

  if (!set)
    return G_SOURCE_CONTINUE;
  /* Lists are some 10 MB, which the user may pay for. */
  if (g_network_monitor_get_network_metered (g_network_monitor_get_default ()))
    {
      bh_debian_set_free (set);
      return G_SOURCE_CONTINUE;
    }
  looking = TRUE;
  run (work_new (manager, set, TRUE));
  return G_SOURCE_CONTINUE;
}

static gboolean
look_first (gpointer data)
{
  look (data);
  g_timeout_add_seconds (LOOK_SECONDS, look, data);
  return G_SOURCE_REMOVE;
}

void
bh_template_jobs_attach (BhManager *manager)
{
  const char *text = g_getenv ("BULKHEAD_TEMPLATE_CHECK_DELAY");
  gint64 delay;

  g_signal_connect (manager, "handle-build-template", G_CALLBACK (handle_build), NULL);
  g_signal_connect (manager, "handle-update-template", G_CALLBACK (handle_update), NULL);
  g_signal_connect (manager, "handle-check-template", G_CALLBACK (handle_check), NULL);
  if (!text || !g_ascii_string_to_signed (text, 10, -1, 3600, &delay, NULL))
    delay = FIRST_LOOK_SECONDS;
  if (delay >= 0)
    g_timeout_add_seconds ((guint) delay, look_first, manager);
}
