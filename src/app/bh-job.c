/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Work of the service for one AppVM (a Job1 object), from the click on: its step, how far it is,
 * and its end. */
#include "config.h"

#include "bh-job.h"

#include "bh-dbus-job.h"
#include "bh-error.h"
#include "bh-text.h"

#define SERVICE_NAME "io.github.bulkhead.Service"
#define MAX_STEP_CHARS 120
#define MAX_OUTPUT_BYTES 4096

struct _BhJob
{
  GObject parent_instance;
  BhJobKind kind;
  char *app, *label, *step, *output, *vm;
  double fraction;
  gboolean finished, cancelled;
  GCancellable *cancellable;
  BhDbusJob1 *proxy;
};

G_DEFINE_FINAL_TYPE (BhJob, bh_job, G_TYPE_OBJECT)

enum
{
  CHANGED,
  FINISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Steps in their order (io.github.bulkhead.Job1.xml), and how much of a cold start has passed
 * when they begin. */
static const struct
{
  const char *name;
  double fraction;
} steps[] = {
  { "call", 0.02 },       { "kernel", 0.04 },  { "initramfs", 0.08 }, { "template", 0.12 },
  { "domain", 0.16 },     { "created", 0.22 }, { "channel", 0.3 },    { "hello", 0.7 },
  { "configured", 0.76 }, { "launch", 0.8 },   { "launched", 0.86 },  { "window", 0.98 },
};

static void
finish (BhJob *self, const GError *error)
{
  g_autoptr (BhJob) keep = g_object_ref (self);

  if (self->finished)
    return;
  self->finished = TRUE;
  self->fraction = 1;
  g_signal_emit (self, signals[FINISHED], 0, error);
}

static void
finish_as (BhJob *self, const char *state, const char *error_name, const char *error_message)
{
  g_autoptr (GError) error = NULL;

  if (g_str_equal (state, "cancelled"))
    error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "%s", error_message);
  else if (g_str_equal (state, "failed"))
    {
      error = g_dbus_error_new_for_dbus_error (
          g_dbus_is_error_name (error_name) ? error_name : "io.github.bulkhead.Error.Failed",
          error_message);
      g_dbus_error_strip_remote_error (error);
    }
  finish (self, error);
}

static void
take_step (BhJob *self, const char *name, const char *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_str_equal (steps[i].name, name))
      self->fraction = MAX (self->fraction, steps[i].fraction);
  if (*text != '\0')
    {
      g_free (self->step);
      self->step = bh_text_clean (text, strlen (text), MAX_STEP_CHARS);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
take_result (BhJob *self, GVariant *result)
{
  g_autoptr (GVariant) tail = g_variant_lookup_value (result, "tail", G_VARIANT_TYPE_BYTESTRING);
  gsize size;
  const char *bytes;

  g_clear_pointer (&self->vm, g_free);
  g_variant_lookup (result, "vm", "o", &self->vm);
  if (!tail)
    return;
  bytes = g_variant_get_fixed_array (tail, &size, 1);
  if (size > MAX_OUTPUT_BYTES)
    {
      bytes += size - MAX_OUTPUT_BYTES;
      size = MAX_OUTPUT_BYTES;
    }
  g_free (self->output);
  self->output = size > 0 ? bh_text_clean_lines (bytes, size) : NULL;
}

static void
on_step (BhDbusJob1 *proxy, const char *name, const char *text, guint64 time, BhJob *self)
{
  take_step (self, name, text);
}

/* Of those that count in per cents themselves. */
static void
on_progress (BhDbusJob1 *proxy, GParamSpec *pspec, BhJob *self)
{
  self->fraction = MAX (self->fraction, bh_dbus_job1_get_progress (proxy) / 100.0);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_finished (BhDbusJob1 *proxy, const char *state, GVariant *error, GVariant *result, BhJob *self)
{
  const char *name, *message;

  g_variant_get (error, "(&s&s)", &name, &message);
  take_result (self, result);
  finish_as (self, state, name, message);
}

static void
on_owner (BhDbusJob1 *proxy, GParamSpec *pspec, BhJob *self)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (proxy));

  if (!owner)
    finish_as (self, "failed", "io.github.bulkhead.Error.Failed",
               "Bulkhead's service ended while it was at work.");
}

static void
on_proxy (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhJob) self = user_data;
  g_autoptr (GError) error = NULL;
  const char *state, *name = "", *message = "";
  GVariant *job_error, *timeline, *job_result;

  self->proxy = bh_dbus_job1_proxy_new_finish (result, &error);
  if (!self->proxy)
    {
      g_dbus_error_strip_remote_error (error);
      finish (self, error);
      return;
    }
  if (self->cancelled)
    bh_dbus_job1_call_cancel (self->proxy, NULL, NULL, NULL);
  g_signal_connect_object (self->proxy, "step-changed", G_CALLBACK (on_step), self, 0);
  g_signal_connect_object (self->proxy, "notify::progress", G_CALLBACK (on_progress), self, 0);
  g_signal_connect_object (self->proxy, "finished", G_CALLBACK (on_finished), self, 0);
  g_signal_connect_object (self->proxy, "notify::g-name-owner", G_CALLBACK (on_owner), self, 0);

  /* What happened before we listened. */
  state = bh_dbus_job1_get_state (self->proxy);
  timeline = bh_dbus_job1_get_timeline (self->proxy);
  if (timeline && g_variant_n_children (timeline) > 0)
    {
      guint64 time;

      g_variant_get_child (timeline, g_variant_n_children (timeline) - 1, "(&st)", &name, &time);
      take_step (self, name, bh_dbus_job1_get_step (self->proxy) ?: "");
    }
  job_error = bh_dbus_job1_get_error (self->proxy);
  name = "";
  if (job_error)
    g_variant_get (job_error, "(&s&s)", &name, &message);
  job_result = bh_dbus_job1_get_result (self->proxy);
  if (job_result)
    take_result (self, job_result);
  if (!state)
    finish_as (self, "failed", "io.github.bulkhead.Error.Failed",
               "The service no longer knows how this ended.");
  else if (!g_str_equal (state, "running"))
    finish_as (self, state, name, message);
}

static void
bh_job_dispose (GObject *object)
{
  BhJob *self = BH_JOB (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->proxy);
  G_OBJECT_CLASS (bh_job_parent_class)->dispose (object);
}

static void
bh_job_finalize (GObject *object)
{
  BhJob *self = BH_JOB (object);

  g_object_unref (self->cancellable);
  g_free (self->app);
  g_free (self->label);
  g_free (self->step);
  g_free (self->output);
  g_free (self->vm);
  G_OBJECT_CLASS (bh_job_parent_class)->finalize (object);
}

static void
bh_job_class_init (BhJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = bh_job_dispose;
  object_class->finalize = bh_job_finalize;

  signals[CHANGED] =
      g_signal_new ("changed", BH_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[FINISHED] = g_signal_new ("finished", BH_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
bh_job_init (BhJob *self)
{
  self->cancellable = g_cancellable_new ();
  self->step = g_strdup ("");
}

BhJob *
bh_job_new (BhJobKind kind, const char *app, const char *label)
{
  BhJob *self = g_object_new (BH_TYPE_JOB, NULL);

  self->kind = kind;
  self->app = g_strdup (app);
  self->label = g_strdup (label);
  return self;
}

BhJobKind
bh_job_get_kind (BhJob *self)
{
  return self->kind;
}

const char *
bh_job_get_app (BhJob *self)
{
  return self->app;
}

const char *
bh_job_get_label (BhJob *self)
{
  return self->label;
}

const char *
bh_job_get_step (BhJob *self)
{
  return self->step;
}

double
bh_job_get_fraction (BhJob *self)
{
  return self->fraction;
}

gboolean
bh_job_is_finished (BhJob *self)
{
  return self->finished;
}

const char *
bh_job_get_output (BhJob *self)
{
  return self->output;
}

const char *
bh_job_get_vm (BhJob *self)
{
  return self->vm;
}

void
bh_job_follow (BhJob *self, GDBusConnection *bus, const char *path)
{
  g_return_if_fail (!self->proxy);

  bh_dbus_job1_proxy_new (bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, SERVICE_NAME, path,
                          self->cancellable, on_proxy, g_object_ref (self));
}

void
bh_job_fail (BhJob *self, const GError *error)
{
  finish (self, error);
}

void
bh_job_cancel (BhJob *self)
{
  if (self->cancelled || self->finished)
    return;
  self->cancelled = TRUE;
  if (self->proxy)
    bh_dbus_job1_call_cancel (self->proxy, NULL, NULL, NULL);
  finish_as (self, "cancelled", "", "Cancelled.");
}
