/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Work that a D-Bus caller waits for. */
#include "config.h"

#include "bh-job.h"

#include "bh-error.h"
#include "bh-trim.h"

#define LINGER_SECONDS 10

struct _BhJob
{
  BhDbusJob1Skeleton parent;
  GVariantDict result;
  GArray *times;    /* guint64, µs */
  GPtrArray *names; /* of the steps, as many */
  char *path;
  GDBusObjectManagerServer *server;
};

static void bh_job_iface_init (BhDbusJob1Iface *iface);

G_DEFINE_TYPE_WITH_CODE (BhJob, bh_job, BH_DBUS_TYPE_JOB1_SKELETON,
                         G_IMPLEMENT_INTERFACE (BH_DBUS_TYPE_JOB1, bh_job_iface_init))

enum
{
  CANCEL,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static gboolean
handle_cancel (BhDbusJob1 *job, GDBusMethodInvocation *invocation)
{
  BhJob *self = BH_JOB (job);

  bh_dbus_job1_complete_cancel (job, g_steal_pointer (&invocation));
  if (bh_job_is_running (self))
    g_signal_emit (self, signals[CANCEL], 0);
  return TRUE;
}

static void
bh_job_iface_init (BhDbusJob1Iface *iface)
{
  iface->handle_cancel = handle_cancel;
}

static void
bh_job_finalize (GObject *object)
{
  BhJob *self = BH_JOB (object);

  g_variant_dict_clear (&self->result);
  g_array_unref (self->times);
  g_ptr_array_unref (self->names);
  g_free (self->path);
  g_clear_object (&self->server);
  G_OBJECT_CLASS (bh_job_parent_class)->finalize (object);
}

static void
bh_job_class_init (BhJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_job_finalize;
  signals[CANCEL] =
      g_signal_new ("cancel", BH_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bh_job_init (BhJob *self)
{
  g_variant_dict_init (&self->result, NULL);
  self->times = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->names = g_ptr_array_new_with_free_func (g_free);
}

BhJob *
bh_job_new (void)
{
  BhJob *self = g_object_new (BH_TYPE_JOB, NULL);
  BhDbusJob1 *job = BH_DBUS_JOB1 (self);

  bh_dbus_job1_set_state (job, "running");
  bh_dbus_job1_set_step (job, "");
  bh_dbus_job1_set_progress (job, -1);
  bh_dbus_job1_set_error (job, g_variant_new ("(ss)", "", ""));
  bh_dbus_job1_set_result (job, g_variant_new ("a{sv}", NULL));
  bh_job_step (self, "call", "");
  return self;
}

void
bh_job_step (BhJob *self, const char *name, const char *text)
{
  BhDbusJob1 *job = BH_DBUS_JOB1 (self);
  guint64 now = (guint64) g_get_monotonic_time ();
  GVariantBuilder timeline;

  if (!bh_job_is_running (self))
    return;
  g_ptr_array_add (self->names, g_strdup (name));
  g_array_append_val (self->times, now);
  g_variant_builder_init (&timeline, G_VARIANT_TYPE ("a(st)"));
  for (guint i = 0; i < self->names->len; i++)
    g_variant_builder_add (&timeline, "(st)", self->names->pdata[i],
                           g_array_index (self->times, guint64, i));
  bh_dbus_job1_set_timeline (job, g_variant_builder_end (&timeline));
  if (*text)
    bh_dbus_job1_set_step (job, text);
  bh_dbus_job1_emit_step_changed (job, name, text, now);
}

void
bh_job_progress (BhJob *self, guint percent, const char *text)
{
  BhDbusJob1 *job = BH_DBUS_JOB1 (self);

  if (!bh_job_is_running (self)
      || (bh_dbus_job1_get_progress (job) == (int) percent
          && g_strcmp0 (bh_dbus_job1_get_step (job), text) == 0))
    return;
  bh_dbus_job1_set_progress (job, (int) MIN (percent, 100));
  bh_dbus_job1_set_step (job, text);
  bh_dbus_job1_emit_step_changed (job, "progress", text, (guint64) g_get_monotonic_time ());
}

typedef struct
{
  BhJob *job;
  guint percent;
  char *text;
} Progress;

static gboolean
show_progress (gpointer data)
{
  Progress *progress = data;

  bh_job_progress (progress->job, progress->percent, progress->text);
  return G_SOURCE_REMOVE;
}

static void
progress_free (gpointer data)
{
  Progress *progress = data;

  g_object_unref (progress->job);
  g_free (progress->text);
  g_free (progress);
}

void
bh_job_progress_later (BhJob *self, guint percent, const char *text)
{
  Progress *progress = g_new0 (Progress, 1);

  progress->job = g_object_ref (self);
  progress->percent = percent;
  progress->text = g_strdup (text);
  g_idle_add_full (G_PRIORITY_DEFAULT, show_progress, progress, progress_free);
}

void
bh_job_add_result (BhJob *self, const char *key, GVariant *value)
{
  BhDbusJob1 *job = BH_DBUS_JOB1 (self);

  /* Seen at once: who waits for a program's end has to know its id to end it. */
  g_variant_dict_insert_value (&self->result, key, value);
  bh_dbus_job1_set_result (job, g_variant_dict_end (&self->result));
  g_variant_dict_init (&self->result, bh_dbus_job1_get_result (job));
}

static gboolean
unexport (gpointer data)
{
  BhJob *self = BH_JOB (data);

  g_dbus_object_manager_server_unexport (self->server, self->path);
  return G_SOURCE_REMOVE;
}

static void
finish (BhJob *self, const char *state, const char *error_name, const char *message)
{
  BhDbusJob1 *job = BH_DBUS_JOB1 (self);
  GVariant *result;

  if (!bh_job_is_running (self))
    return;
  result = g_variant_dict_end (&self->result);
  g_variant_dict_init (&self->result, NULL);
  bh_dbus_job1_set_error (job, g_variant_new ("(ss)", error_name, message));
  bh_dbus_job1_set_result (job, result);
  bh_dbus_job1_set_state (job, state);
  /* Properties before the signal, for those who read them when it comes. */
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self));
  bh_dbus_job1_emit_finished (job, state, bh_dbus_job1_get_error (job),
                              bh_dbus_job1_get_result (job));
  bh_trim_later ();
  if (self->server)
    g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, LINGER_SECONDS, unexport, g_object_ref (self),
                                g_object_unref);
}

void
bh_job_done (BhJob *self)
{
  finish (self, "done", "", "");
}

void
bh_job_fail (BhJob *self, const GError *error)
{
  g_autofree char *name = g_dbus_error_encode_gerror (error);
  gboolean cancelled = g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED);

  if (error->domain != BH_ERROR)
    {
      g_free (name);
      name = g_strdup ("io.github.bulkhead.Error.Failed");
    }
  finish (self, cancelled ? "cancelled" : "failed", name, error->message);
}

gboolean
bh_job_is_running (BhJob *self)
{
  return g_strcmp0 (bh_dbus_job1_get_state (BH_DBUS_JOB1 (self)), "running") == 0;
}

void
bh_job_export (BhJob *self, GDBusObjectManagerServer *server)
{
  static guint next;
  g_autoptr (GDBusObjectSkeleton) object = NULL;

  g_return_if_fail (self->path == NULL);
  self->path = g_strdup_printf ("/io/github/bulkhead/job/%u", ++next);
  self->server = g_object_ref (server);
  object = g_dbus_object_skeleton_new (self->path);
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (self));
  g_dbus_object_manager_server_export (server, object);
}

const char *
bh_job_get_path (BhJob *self)
{
  return self->path;
}
