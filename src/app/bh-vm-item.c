/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM as the windows show it: the service's object, its cleaned texts, and the jobs begun
 * here. */
#include "config.h"

#include "bh-vm-item.h"

#include "bh-commands.h"
#include "bh-keys.h"
#include "bh-program.h"
#include "bh-text.h"

#include <glib/gi18n.h>

#define MAX_NAME_CHARS 64
#define MAX_TEXT_CHARS 300

struct _BhVmItem
{
  GObject parent_instance;
  BhDbusVm1 *proxy;
  char *name;
  GStrv offered;
  GPtrArray *jobs;
  BhVmState last_state;
};

G_DEFINE_FINAL_TYPE (BhVmItem, bh_vm_item, G_TYPE_OBJECT)

enum
{
  CHANGED,
  NOTICE,
  PROGRAM_CRASHED,
  FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static char *
cleaned (const char *text, gsize max_chars)
{
  return text ? bh_text_clean (text, strlen (text), max_chars) : g_strdup ("");
}

static void
take_name (BhVmItem *self)
{
  g_free (self->name);
  self->name = cleaned (bh_dbus_vm1_get_name (self->proxy), MAX_NAME_CHARS);
}

gboolean
bh_vm_item_is_desktop (BhVmItem *self)
{
  GVariant *settings = bh_dbus_vm1_get_settings (self->proxy);
  const char *template;

  return settings && g_variant_lookup (settings, "Template", "&s", &template)
         && g_str_equal (template, BH_TEMPLATE_DISK);
}

/* Its applications, then its commands; a whole desktop has neither. */
static void
take_offered (BhVmItem *self)
{
  const char *const *applications = bh_dbus_vm1_get_applications (self->proxy);
  GVariant *settings = bh_dbus_vm1_get_settings (self->proxy);
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_auto (GStrv) lines = NULL;
  const char *commands;

  if (bh_vm_item_is_desktop (self))
    g_strv_builder_add (all, BH_PROGRAM_DESKTOP);
  if (applications)
    g_strv_builder_addv (all, (const char **) applications);
  if (settings && g_variant_lookup (settings, "Commands", "&s", &commands))
    lines = g_strsplit (commands, "\n", -1);
  for (gsize i = 0; lines && lines[i]; i++)
    if (*lines[i] != '\0')
      {
        g_autofree char *id = g_strconcat (BH_COMMAND_PREFIX, lines[i], NULL);

        g_strv_builder_add (all, id);
      }
  g_strfreev (self->offered);
  self->offered = g_strv_builder_end (all);
}

static void
on_properties (GDBusProxy *proxy, GVariant *changed, const char *const *invalidated, BhVmItem *self)
{
  BhVmState state = bh_vm_item_get_state (self), last = self->last_state;

  take_name (self);
  take_offered (self);
  self->last_state = state;
  g_signal_emit (self, signals[CHANGED], 0);
  if (state == BH_VM_FAILED && last != BH_VM_FAILED)
    g_signal_emit (self, signals[FAILED], 0, last == BH_VM_RUNNING);
}

static void
on_notice (BhDbusVm1 *proxy, const char *text, BhVmItem *self)
{
  g_autofree char *clean = cleaned (text, MAX_TEXT_CHARS);

  g_signal_emit (self, signals[NOTICE], 0, clean);
}

static void
on_program_exited (BhDbusVm1 *proxy, guint id, const char *label, guint code, GVariant *tail,
                   BhVmItem *self)
{
  g_autofree char *clean = cleaned (label, MAX_NAME_CHARS);

  /* SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: not by anybody's wish. */
  if ((code >= 128 + 4 && code <= 128 + 8) || code == 128 + 11)
    g_signal_emit (self, signals[PROGRAM_CRASHED], 0, clean);
}

static void
bh_vm_item_dispose (GObject *object)
{
  BhVmItem *self = BH_VM_ITEM (object);

  g_clear_object (&self->proxy);
  g_clear_pointer (&self->jobs, g_ptr_array_unref);
  G_OBJECT_CLASS (bh_vm_item_parent_class)->dispose (object);
}

static void
bh_vm_item_finalize (GObject *object)
{
  g_free (BH_VM_ITEM (object)->name);
  g_strfreev (BH_VM_ITEM (object)->offered);
  G_OBJECT_CLASS (bh_vm_item_parent_class)->finalize (object);
}

static void
bh_vm_item_class_init (BhVmItemClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_vm_item_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_vm_item_finalize;

  signals[CHANGED] = g_signal_new ("changed", BH_TYPE_VM_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  signals[NOTICE] = g_signal_new ("notice", BH_TYPE_VM_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[PROGRAM_CRASHED] = g_signal_new ("program-crashed", BH_TYPE_VM_ITEM, G_SIGNAL_RUN_LAST, 0,
                                           NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[FAILED] = g_signal_new ("failed", BH_TYPE_VM_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
bh_vm_item_init (BhVmItem *self)
{
  self->jobs = g_ptr_array_new_with_free_func (g_object_unref);
}

BhVmItem *
bh_vm_item_new (BhDbusVm1 *proxy)
{
  BhVmItem *self = g_object_new (BH_TYPE_VM_ITEM, NULL);

  self->proxy = g_object_ref (proxy);
  take_name (self);
  take_offered (self);
  self->last_state = bh_vm_item_get_state (self);
  /* After the generated class has dropped the lists it keeps: theirs point into the old values. */
  g_signal_connect_object (proxy, "g-properties-changed", G_CALLBACK (on_properties), self,
                           G_CONNECT_AFTER);
  g_signal_connect_object (proxy, "notice", G_CALLBACK (on_notice), self, 0);
  g_signal_connect_object (proxy, "program-exited", G_CALLBACK (on_program_exited), self, 0);
  return self;
}

BhDbusVm1 *
bh_vm_item_get_proxy (BhVmItem *self)
{
  return self->proxy;
}

const char *
bh_vm_item_get_id (BhVmItem *self)
{
  return bh_dbus_vm1_get_id (self->proxy) ?: "";
}

const char *
bh_vm_item_get_name (BhVmItem *self)
{
  return self->name;
}

const char *
bh_vm_item_get_color (BhVmItem *self)
{
  return bh_dbus_vm1_get_color (self->proxy) ?: "gray";
}

const char *
bh_vm_item_get_definition (BhVmItem *self)
{
  const char *definition = bh_dbus_vm1_get_disposable_of (self->proxy);

  return definition && *definition != '\0' ? definition : NULL;
}

gboolean
bh_vm_item_makes_disposables (BhVmItem *self)
{
  GVariant *settings = bh_dbus_vm1_get_settings (self->proxy);
  const char *value;

  return !bh_vm_item_get_definition (self) && settings
         && g_variant_lookup (settings, "Disposable", "&s", &value) && g_str_equal (value, "true");
}

BhVmState
bh_vm_item_get_state (BhVmItem *self)
{
  static const char *const names[] = { "stopped", "starting", "running", "stopping", "failed" };
  const char *state = bh_dbus_vm1_get_state (self->proxy);

  for (int i = 0; i < (int) G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (state, names[i]) == 0)
      return (BhVmState) i;
  return BH_VM_STOPPED;
}

char *
bh_vm_item_dup_error (BhVmItem *self)
{
  return cleaned (bh_dbus_vm1_get_error (self->proxy), MAX_TEXT_CHARS);
}

const char *const *
bh_vm_item_get_applications (BhVmItem *self)
{
  return (const char *const *) self->offered;
}

static void
running_free (gpointer data)
{
  BhRunning *running = data;

  g_free (running->label);
  g_free (running);
}

GPtrArray *
bh_vm_item_get_running (BhVmItem *self)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (running_free);
  GVariant *programs = bh_dbus_vm1_get_programs (self->proxy);
  GVariantIter iter;
  const char *label;
  guint32 id, windows;
  guint64 since;

  if (!programs)
    return all;
  g_variant_iter_init (&iter, programs);
  while (g_variant_iter_next (&iter, "(u&stu)", &id, &label, &since, &windows))
    {
      BhRunning *running = g_new0 (BhRunning, 1);

      running->id = id;
      running->label = cleaned (label, MAX_NAME_CHARS);
      running->windows = windows;
      g_ptr_array_add (all, running);
    }
  return all;
}

gboolean
bh_vm_item_is_active (BhVmItem *self)
{
  BhVmState state = bh_vm_item_get_state (self);

  return state != BH_VM_STOPPED && state != BH_VM_FAILED;
}

gboolean
bh_vm_item_has_home_disk (BhVmItem *self)
{
  GVariant *settings = bh_dbus_vm1_get_settings (self->proxy);
  const char *home;

  return settings && g_variant_lookup (settings, "Home", "&s", &home) && g_str_equal (home, "disk");
}

char *
bh_vm_item_dup_status (BhVmItem *self)
{
  g_autofree char *step = cleaned (bh_dbus_vm1_get_step (self->proxy), MAX_TEXT_CHARS);
  GVariant *programs = bh_dbus_vm1_get_programs (self->proxy);
  BhJob *job = bh_vm_item_get_job (self);
  guint n = programs ? (guint) g_variant_n_children (programs) : 0;
  BhVmState state = bh_vm_item_get_state (self);
  const char *const *uses = bh_dbus_vm1_get_in_use (self->proxy);

  /* The click counts, not the service's answer to it. */
  if (job && *step == '\0' && *bh_job_get_step (job) != '\0')
    {
      g_free (step);
      step = g_strdup (bh_job_get_step (job));
    }
  if (state == BH_VM_STOPPING || (job && bh_job_get_kind (job) == BH_JOB_STOP))
    return *step != '\0' ? g_steal_pointer (&step) : g_strdup (_ ("Stopping…"));
  if (state == BH_VM_STARTING || (job && state != BH_VM_RUNNING))
    return *step != '\0' ? g_steal_pointer (&step) : g_strdup (_ ("Starting…"));
  if (job && bh_job_get_kind (job) == BH_JOB_OPEN)
    /* Translators: a file */
    return g_strdup_printf (_ ("Opening %s…"), bh_job_get_label (job));
  if (job && *bh_job_get_label (job) != '\0')
    return g_strdup_printf (_ ("Starting %s…"), bh_job_get_label (job));
  if (state == BH_VM_FAILED)
    return g_strdup (_ ("Could not start"));
  if (state == BH_VM_STOPPED && bh_vm_item_makes_disposables (self))
    return g_strdup (_ ("Each program in a disposable"));
  if (state == BH_VM_STOPPED)
    return g_strdup (bh_vm_item_is_desktop (self) ? _ ("Whole desktop, stopped") : _ ("Stopped"));
  if (bh_dbus_vm1_get_camera_asks (self->proxy))
    return g_strdup (_ ("Asks for the camera"));
  if (uses && g_strv_contains (uses, "camera"))
    return g_strdup (g_strv_contains (uses, "microphone") ? _ ("Listens and watches")
                                                          : _ ("Watches through the camera"));
  if (uses && g_strv_contains (uses, "microphone"))
    return g_strdup (_ ("Listens to the microphone"));
  if (bh_vm_item_is_desktop (self))
    return g_strdup (n == 0 ? _ ("Whole desktop, running without a window")
                            : _ ("Whole desktop, running"));
  if (n == 0)
    return g_strdup (_ ("Running, no programs open"));
  return g_strdup_printf (ngettext ("Running, %u program", "Running, %u programs", n), n);
}

static void
on_job_changed (BhJob *job, BhVmItem *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_job_finished (BhJob *job, const GError *error, BhVmItem *self)
{
  if (self->jobs)
    g_ptr_array_remove (self->jobs, job);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
bh_vm_item_add_job (BhVmItem *self, BhJob *job)
{
  g_ptr_array_add (self->jobs, g_object_ref (job));
  g_signal_connect_object (job, "changed", G_CALLBACK (on_job_changed), self, 0);
  g_signal_connect_object (job, "finished", G_CALLBACK (on_job_finished), self, 0);
  g_signal_emit (self, signals[CHANGED], 0);
}

BhJob *
bh_vm_item_get_job (BhVmItem *self)
{
  return self->jobs && self->jobs->len > 0 ? self->jobs->pdata[self->jobs->len - 1] : NULL;
}

gboolean
bh_vm_item_is_launching (BhVmItem *self, const char *app)
{
  for (guint i = 0; self->jobs && i < self->jobs->len; i++)
    if (g_strcmp0 (bh_job_get_app (self->jobs->pdata[i]), app) == 0)
      return TRUE;
  return FALSE;
}
