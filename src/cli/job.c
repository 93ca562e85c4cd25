/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Starts a job of the service and waits for its end. */
#include "config.h"

#include "job.h"

#include "bh-dbus-job.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>

/* Counted, because a call that nobody waits for any longer still holds it. */
typedef struct
{
  BhCli *cli;
  BhDbusVm1 *vm; /* NULL: the job is not about one */
  const BhJobRequest *request;
  BhProgress *progress;
  GMainLoop *loop;
  BhDbusJob1 *job; /* NULL until it is known */
  char *path;
  guint interrupts;
  gboolean cancel; /* wanted; done as soon as the job is known */
  gboolean over;   /* nobody waits: cli, vm, request, progress and outcome may be gone */
  BhJobOutcome *outcome;
  GError *error; /* why it did not get to its end */
  GError *job_error;
} Wait;

void
bh_job_outcome_clear (BhJobOutcome *outcome)
{
  g_clear_pointer (&outcome->state, g_free);
  g_clear_pointer (&outcome->result, g_variant_unref);
  g_clear_pointer (&outcome->timeline, g_variant_unref);
}

static void
clear_wait (gpointer data)
{
  Wait *wait = data;

  g_clear_object (&wait->job);
  g_free (wait->path);
  g_main_loop_unref (wait->loop);
  g_clear_error (&wait->error);
  g_clear_error (&wait->job_error);
}

static void
wait_release (Wait *wait)
{
  g_rc_box_release_full (wait, clear_wait);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Wait, wait_release)

static GVariant *
read_property (Wait *wait, const char *name, const char *type)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      wait->cli->bus, BH_SERVICE_NAME, wait->path, "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", "io.github.bulkhead.Job1", name), G_VARIANT_TYPE ("(v)"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, 2000, NULL, NULL);
  g_autoptr (GVariant) value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE (type))
             ? g_steal_pointer (&value)
             : NULL;
}

/* Takes @error. */
static void
give_up (Wait *wait, GError *error)
{
  if (wait->error == NULL && wait->outcome->state == NULL)
    wait->error = error;
  else
    g_error_free (error);
  g_main_loop_quit (wait->loop);
}

static void
on_cancelled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Wait) wait = data;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  /* A job that is over can be gone; its Finished is on the way then. */
  if (!wait->over && reply == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    give_up (wait, g_steal_pointer (&error));
}

static void
cancel (Wait *wait)
{
  if (wait->path == NULL)
    {
      wait->cancel = TRUE;
      return;
    }
  bh_progress_step (wait->progress, _ ("Giving up"));
  g_dbus_connection_call (wait->cli->bus, BH_SERVICE_NAME, wait->path, "io.github.bulkhead.Job1",
                          "Cancel", NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
                          on_cancelled, g_rc_box_acquire (wait));
}

/* Whether the program was told to end. */
static gboolean
terminate (Wait *wait)
{
  g_autoptr (GVariant) result = wait->path != NULL ? read_property (wait, "Result", "a{sv}") : NULL;
  g_autoptr (GVariant) reply = NULL;
  const char *vm;
  guint32 id;

  if (result == NULL || !g_variant_lookup (result, "id", "u", &id))
    return FALSE;
  /* It may run in a disposable instead of the AppVM that was asked. */
  if (!g_variant_lookup (result, "vm", "&o", &vm))
    vm = g_dbus_proxy_get_object_path (G_DBUS_PROXY (wait->vm));
  reply = g_dbus_connection_call_sync (wait->cli->bus, BH_SERVICE_NAME, vm,
                                       "io.github.bulkhead.Vm1", "Terminate",
                                       g_variant_new ("(u)", id), NULL,
                                       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL);
  if (reply == NULL)
    return FALSE;
  bh_progress_step (wait->progress, _ ("Asked the program to end; Ctrl+C again gives up"));
  return TRUE;
}

static gboolean
on_interrupt (gpointer data)
{
  Wait *wait = data;

  wait->interrupts++;
  if (wait->interrupts == 1 && wait->request->terminate && terminate (wait))
    return G_SOURCE_CONTINUE;
  /* With a terminated program that does not end, the second is the first for the job. */
  if (!wait->cancel)
    {
      cancel (wait);
      wait->cancel = TRUE;
    }
  else
    give_up (wait, g_error_new (BH_ERROR, BH_ERROR_CANCELLED,
                                _ ("Interrupted; what was begun may still be going on. "
                                   "“bulkheadctl status” shows it.")));
  return G_SOURCE_CONTINUE;
}

static void
finish (Wait *wait, const char *state, const char *name, const char *message, GVariant *result)
{
  if (wait->outcome->state != NULL)
    return;
  wait->outcome->state = g_strdup (state);
  wait->outcome->result =
      result != NULL ? g_variant_ref (result) : g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  if (strcmp (state, "done") != 0)
    {
      if (name != NULL && *name != '\0')
        wait->job_error = g_dbus_error_new_for_dbus_error (name, message);
      else if (strcmp (state, "cancelled") == 0)
        wait->job_error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, _ ("Cancelled."));
      else
        wait->job_error =
            g_error_new (BH_ERROR, BH_ERROR_FAILED, _ ("It failed for an unknown reason."));
      g_dbus_error_strip_remote_error (wait->job_error);
    }
  g_main_loop_quit (wait->loop);
}

static void
on_finished (BhDbusJob1 *job, const char *state, GVariant *error, GVariant *result, Wait *wait)
{
  const char *name, *message;

  g_variant_get (error, "(&s&s)", &name, &message);
  finish (wait, state, name, message, result);
}

static void
on_step (BhDbusJob1 *job, const char *name, const char *text, guint64 time, Wait *wait)
{
  if (!wait->cancel)
    bh_progress_step (wait->progress, text);
}

static void
on_owner (GObject *proxy, GParamSpec *pspec, Wait *wait)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (proxy));

  if (owner == NULL)
    give_up (wait, g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, ""));
}

static void
on_job (GObject *source, GAsyncResult *async, gpointer data)
{
  g_autoptr (Wait) wait = data;
  GError *error = NULL;
  const char *state, *name = NULL, *message = NULL;
  GVariant *job_error;

  wait->job = bh_dbus_job1_proxy_new_finish (async, &error);
  if (wait->over)
    {
      g_clear_error (&error);
      return;
    }
  if (wait->job == NULL)
    {
      give_up (wait, error);
      return;
    }
  g_signal_connect (wait->job, "step-changed", G_CALLBACK (on_step), wait);
  g_signal_connect (wait->job, "finished", G_CALLBACK (on_finished), wait);
  g_signal_connect (wait->job, "notify::g-name-owner", G_CALLBACK (on_owner), wait);
  on_owner (G_OBJECT (wait->job), NULL, wait);

  /* It may have gone on, or be over, before the signals were connected. */
  state = bh_dbus_job1_get_state (wait->job);
  job_error = bh_dbus_job1_get_error (wait->job);
  if (job_error != NULL && g_variant_is_of_type (job_error, G_VARIANT_TYPE ("(ss)")))
    g_variant_get (job_error, "(&s&s)", &name, &message);
  if (state == NULL)
    give_up (wait, g_error_new (
                       BH_ERROR, BH_ERROR_FAILED,
                       _ ("The service has lost the job. “bulkheadctl status” shows the AppVM.")));
  else if (strcmp (state, "running") != 0)
    finish (wait, state, name, message, bh_dbus_job1_get_result (wait->job));
  else
    {
      if (bh_dbus_job1_get_step (wait->job) != NULL)
        bh_progress_step (wait->progress, bh_dbus_job1_get_step (wait->job));
      if (wait->cancel)
        cancel (wait);
    }
}

static void
on_called (GObject *source, GAsyncResult *async, gpointer data)
{
  g_autoptr (Wait) wait = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_proxy_call_with_unix_fd_list_finish (G_DBUS_PROXY (source), NULL, async, &error);

  if (wait->over)
    {
      g_clear_error (&error);
      return;
    }
  if (reply == NULL)
    {
      give_up (wait, error);
      return;
    }
  if (!g_variant_is_of_type (reply, G_VARIANT_TYPE ("(o)")))
    {
      give_up (wait, g_error_new_literal (G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                                          wait->request->method));
      return;
    }
  g_variant_get (reply, "(o)", &wait->path);
  bh_dbus_job1_proxy_new (wait->cli->bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, BH_SERVICE_NAME,
                          wait->path, NULL, on_job, g_rc_box_acquire (wait));
}

static void
on_notice (BhDbusVm1 *vm, const char *text, Wait *wait)
{
  bh_progress_note (wait->progress, text);
}

gboolean
bh_job_run (BhCli *cli, gpointer proxy, const BhJobRequest *request, BhProgress *progress,
            BhJobOutcome *outcome, GError **error)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
  guint sources[G_N_ELEMENTS (signals)];
  g_autoptr (Wait) wait = g_rc_box_new0 (Wait);
  gulong notice = 0;

  memset (outcome, 0, sizeof *outcome);
  wait->cli = cli;
  wait->vm = BH_DBUS_IS_VM1 (proxy) ? proxy : NULL;
  wait->request = request;
  wait->progress = progress;
  wait->outcome = outcome;
  wait->loop = g_main_loop_new (NULL, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    sources[i] = g_unix_signal_add (signals[i], on_interrupt, wait);
  if (wait->vm)
    notice = g_signal_connect (wait->vm, "notice", G_CALLBACK (on_notice), wait);
  g_dbus_proxy_call_with_unix_fd_list (G_DBUS_PROXY (proxy), request->method, request->parameters,
                                       G_DBUS_CALL_FLAGS_NONE, -1, request->fds, NULL, on_called,
                                       g_rc_box_acquire (wait));
  g_main_loop_run (wait->loop);

  if (outcome->state != NULL)
    {
      outcome->timeline = read_property (wait, "Timeline", "a(st)");
      if (outcome->timeline == NULL)
        outcome->timeline = g_variant_ref_sink (g_variant_new ("a(st)", NULL));
    }
  bh_progress_end (progress);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (sources[i]);
  if (notice)
    g_signal_handler_disconnect (proxy, notice);
  if (wait->job != NULL)
    g_signal_handlers_disconnect_by_data (wait->job, wait);
  wait->over = TRUE;
  if (wait->job_error != NULL)
    g_propagate_error (error, g_steal_pointer (&wait->job_error));
  else if (wait->error != NULL)
    g_propagate_error (error, g_steal_pointer (&wait->error));
  return outcome->state != NULL && strcmp (outcome->state, "done") == 0;
}
