/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM on the bus. */
#include "config.h"

#include "bh-vm.h"

#include "bh-console.h"
#include "bh-display.h"
#include "bh-domain.h"
#include "bh-error.h"
#include "bh-job.h"
#include "bh-log.h"
#include "bh-options.h"
#include "bh-paths.h"
#include "bh-run.h"
#include "bh-text.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_WAITING 64

typedef enum
{
  WAIT_START,  /* for "ready" */
  WAIT_LAUNCH, /* for "ready", to launch then */
  WAIT_WINDOW, /* launched */
  WAIT_EXIT,   /* launched, and told so */
  WAIT_STOP,   /* for "ended" */
} WaitFor;

/* A caller of Start, Launch or Stop. */
typedef struct
{
  BhVm *vm;
  BhJob *job;
  WaitFor what;
  GVariant *options;
  char *label;
  gboolean wait;
  gboolean started_vm; /* the AppVM runs for it only */
  guint id;            /* launch id */
} Waiting;

struct _BhVm
{
  BhDbusVm1Skeleton parent;
  BhVmConfig *config;
  BhHypervisor *hypervisor;
  BhHostApps *apps;
  GDBusObjectManagerServer *server;
  BhRun *run;
  BhConsole *console;
  GPtrArray *waiting;
  GPtrArray *stop_tasks;
  char *path;
  guint auto_stop;
  guint64 last_cpu;
  gint64 last_cpu_time;
  gboolean slow_told;
};

static void bh_vm_iface_init (BhDbusVm1Iface *iface);

G_DEFINE_TYPE_WITH_CODE (BhVm, bh_vm, BH_DBUS_TYPE_VM1_SKELETON,
                         G_IMPLEMENT_INTERFACE (BH_DBUS_TYPE_VM1, bh_vm_iface_init))

enum
{
  PROP_USAGE = 1
};

enum
{
  CHECK_NAME,
  DELETED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void begin_run (BhVm *self, const char *display, gboolean debug);
static void serve_launch (BhVm *self, Waiting *waiting);

/* Properties. */

static void
show_config (BhVm *self)
{
  BhDbusVm1 *vm = BH_DBUS_VM1 (self);
  g_auto (GStrv) apps = bh_vm_config_get_list (self->config, "Applications");
  GVariantBuilder settings;
  const BhKey *keys;
  gsize n;

  keys = bh_keys (&n);
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  for (gsize i = 0; i < n; i++)
    g_variant_builder_add (&settings, "{ss}", keys[i].name,
                           bh_vm_config_get (self->config, keys[i].name));
  bh_dbus_vm1_set_name (vm, bh_vm_config_get (self->config, "Name"));
  bh_dbus_vm1_set_color (vm, bh_vm_config_get (self->config, "Color"));
  bh_dbus_vm1_set_applications (vm, (const char *const *) apps);
  bh_dbus_vm1_set_settings (vm, g_variant_builder_end (&settings));
  bh_dbus_vm1_set_problems (vm, bh_vm_config_get_problems (self->config));
}

static const char *
state_name (BhVm *self, const char *error)
{
  switch (self->run ? bh_run_get_state (self->run) : BH_RUN_ENDED)
    {
    case BH_RUN_NEW:
    case BH_RUN_PREPARING:
    case BH_RUN_CREATING:
    case BH_RUN_BOOTING:
      return "starting";
    case BH_RUN_READY:
      return "running";
    case BH_RUN_STOPPING:
      return "stopping";
    case BH_RUN_ENDED:
    default:
      return *error ? "failed" : "stopped";
    }
}

static void
show_state (BhVm *self, const char *step, const char *error)
{
  BhDbusVm1 *vm = BH_DBUS_VM1 (self);

  bh_dbus_vm1_set_step (vm, step);
  bh_dbus_vm1_set_error (vm, error);
  bh_dbus_vm1_set_state (vm, state_name (self, error));
}

static void
show_programs (BhVm *self)
{
  GVariantBuilder programs;

  g_variant_builder_init (&programs, G_VARIANT_TYPE ("a(ustu)"));
  for (guint i = 0; self->run && i < bh_run_get_programs (self->run)->len; i++)
    {
      BhProgram *program = bh_run_get_programs (self->run)->pdata[i];

      g_variant_builder_add (&programs, "(ustu)", program->id, program->label,
                             (guint64) program->started, program->windows);
    }
  bh_dbus_vm1_set_programs (BH_DBUS_VM1 (self), g_variant_builder_end (&programs));
}

static GVariant *
read_usage (BhVm *self)
{
  GVariantDict dict;
  BhDomainUsage usage;
  pid_t pid = self->run ? bh_domain_find_pid (bh_vm_get_id (self)) : 0;

  g_variant_dict_init (&dict, NULL);
  if (pid > 0 && bh_domain_read_usage (pid, &usage))
    {
      gint64 now = g_get_monotonic_time ();
      double cpu = 0;

      /* Since the last question; the first has nothing to compare with. */
      if (self->last_cpu_time != 0 && now > self->last_cpu_time && usage.cpu_time >= self->last_cpu)
        cpu = 100.0 * (double) (usage.cpu_time - self->last_cpu) / (double) sysconf (_SC_CLK_TCK)
              * G_USEC_PER_SEC / (double) (now - self->last_cpu_time);
      self->last_cpu = usage.cpu_time;
      self->last_cpu_time = now;
      g_variant_dict_insert (&dict, "pid", "u", (guint32) pid);
      g_variant_dict_insert (&dict, "rss", "t", usage.rss);
      g_variant_dict_insert (&dict, "cpu", "d", cpu);
      g_variant_dict_insert (&dict, "memory", "t", (guint64) bh_run_get_memory_mib (self->run) << 20);
    }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* Waiting callers. */

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;

  g_signal_handlers_disconnect_by_data (waiting->job, waiting);
  g_object_unref (waiting->job);
  g_clear_pointer (&waiting->options, g_variant_unref);
  g_free (waiting->label);
  g_free (waiting);
}

static void
waiting_done (BhVm *self, Waiting *waiting)
{
  bh_job_done (waiting->job);
  g_ptr_array_remove (self->waiting, waiting);
}

static void
waiting_fail (BhVm *self, Waiting *waiting, const GError *error)
{
  bh_job_fail (waiting->job, error);
  g_ptr_array_remove (self->waiting, waiting);
}

static void
on_job_cancel (BhJob *job, Waiting *waiting)
{
  BhVm *self = waiting->vm;
  g_autoptr (GError) error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  gboolean started_vm = waiting->started_vm && waiting->what != WAIT_STOP;
  guint id = waiting->id;
  guint others = 0;

  if (waiting->what == WAIT_STOP)
    return; /* stopping goes on whoever waits for it */
  waiting_fail (self, waiting, error);
  for (guint i = 0; i < self->waiting->len; i++)
    others += ((Waiting *) self->waiting->pdata[i])->what != WAIT_STOP;
  if (id != 0 && self->run)
    bh_run_terminate (self->run, id);
  if (started_vm && others == 0 && self->run
      && bh_run_get_programs (self->run)->len <= (id != 0 ? 1u : 0u))
    bh_run_stop (self->run, TRUE, error);
}

static Waiting *
add_waiting (BhVm *self, WaitFor what)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  waiting->vm = self;
  waiting->job = bh_job_new ();
  waiting->what = what;
  bh_job_export (waiting->job, self->server);
  g_signal_connect (waiting->job, "cancel", G_CALLBACK (on_job_cancel), waiting);
  g_ptr_array_add (self->waiting, waiting);
  return waiting;
}

static Waiting *
find_waiting (BhVm *self, guint id)
{
  for (guint i = 0; i < self->waiting->len; i++)
    {
      Waiting *waiting = self->waiting->pdata[i];
      if (waiting->id == id && id != 0)
        return waiting;
    }
  return NULL;
}

/* Each takes itself off the list, so go through a copy. */
static GPtrArray *
copy_waiting (BhVm *self)
{
  GPtrArray *copy = g_ptr_array_new ();

  g_ptr_array_extend (copy, self->waiting, NULL, NULL);
  return copy;
}

static void
fail_waiting_for_ready (BhVm *self, const GError *error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  for (guint i = 0; i < self->waiting->len; i++)
    if (((Waiting *) self->waiting->pdata[i])->what <= WAIT_LAUNCH)
      g_ptr_array_add (all, self->waiting->pdata[i]);
  for (guint i = 0; i < all->len; i++)
    waiting_fail (self, all->pdata[i], error);
}

/* What the run says. */

static void
on_step (BhRun *run, const char *name, const char *text, BhVm *self)
{
  show_state (self, text, "");
  for (guint i = 0; i < self->waiting->len; i++)
    {
      Waiting *waiting = self->waiting->pdata[i];
      if (waiting->what <= WAIT_LAUNCH)
        bh_job_step (waiting->job, name, text);
    }
}

static void
on_ready (BhRun *run, BhVm *self)
{
  g_autoptr (GPtrArray) all = NULL;

  show_state (self, "", "");
  show_programs (self);
  if (!bh_run_get_kvm (run) && !self->slow_told)
    {
      self->slow_told = TRUE;
      bh_dbus_vm1_emit_notice (BH_DBUS_VM1 (self),
                               "This computer emulates the AppVM's processor: programs in it are slow.");
    }
  all = copy_waiting (self);
  for (guint i = 0; i < all->len; i++)
    {
      Waiting *waiting = all->pdata[i];

      if (waiting->what == WAIT_START)
        waiting_done (self, waiting);
      else if (waiting->what == WAIT_LAUNCH)
        serve_launch (self, waiting);
    }
}

static void
on_detached (BhRun *run, const char *why, BhVm *self)
{
  g_autoptr (GError) error = g_error_new (BH_ERROR, BH_ERROR_NO_DISPLAY,
                                          "“%s” cannot show windows: %s", bh_vm_get_name (self), why);

  fail_waiting_for_ready (self, error);
}

static void
on_programs (BhRun *run, BhVm *self)
{
  if (bh_run_get_programs (run)->len > 0)
    g_clear_handle_id (&self->auto_stop, g_source_remove);
  show_programs (self);
}

static void
on_launched (BhRun *run, guint id, BhVm *self)
{
  Waiting *waiting = find_waiting (self, id);

  if (waiting)
    bh_job_step (waiting->job, "launched", "Waiting for its window");
}

static void
on_launch_failed (BhRun *run, guint id, GError *error, BhVm *self)
{
  Waiting *waiting = find_waiting (self, id);

  if (waiting)
    waiting_fail (self, waiting, error);
}

static void
on_windows (BhRun *run, guint id, guint count, BhVm *self)
{
  Waiting *waiting = find_waiting (self, id);

  if (!waiting || count == 0 || waiting->what != WAIT_WINDOW)
    return;
  bh_job_step (waiting->job, "window", "Its window is there");
  if (waiting->wait)
    waiting->what = WAIT_EXIT;
  else
    waiting_done (self, waiting);
}

static void
on_exited (BhRun *run, guint id, const char *label, guint code, GBytes *tail, BhVm *self)
{
  Waiting *waiting = find_waiting (self, id);
  g_autoptr (GVariant) bytes
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, tail, TRUE));
  GList *buses = g_dbus_interface_skeleton_get_connections (G_DBUS_INTERFACE_SKELETON (self));

  /* By hand: the generated function takes a C string, and the tail may hold any byte. */
  for (GList *l = buses; l; l = l->next)
    g_dbus_connection_emit_signal (l->data, NULL, self->path, "io.github.bulkhead.Vm1", "ProgramExited",
                                   g_variant_new ("(usu@ay)", id, label, code, bytes), NULL);
  g_list_free_full (buses, g_object_unref);
  if (!waiting)
    return;
  bh_job_add_result (waiting->job, "code", g_variant_new_uint32 (code));
  bh_job_add_result (waiting->job, "tail", bytes);
  waiting_done (self, waiting);
}

static gboolean
auto_stop (gpointer data)
{
  BhVm *self = data;

  self->auto_stop = 0;
  if (self->run && bh_run_get_programs (self->run)->len == 0)
    {
      bh_log_line (bh_vm_get_id (self), "unused");
      bh_run_stop (self->run, FALSE, NULL);
      show_state (self, "Stopping", "");
    }
  return G_SOURCE_REMOVE;
}

static void
on_idle (BhRun *run, BhVm *self)
{
  gint64 seconds = bh_vm_config_get_int (self->config, "AutoStop");

  g_clear_handle_id (&self->auto_stop, g_source_remove);
  if (seconds > 0)
    self->auto_stop = g_timeout_add_seconds ((guint) seconds, auto_stop, self);
}

static void
on_notice (BhRun *run, const char *text, BhVm *self)
{
  bh_dbus_vm1_emit_notice (BH_DBUS_VM1 (self), text);
}

static void
on_ended (BhRun *run, GError *error, BhVm *self)
{
  g_autoptr (BhVm) alive = g_object_ref (self);
  g_autoptr (GError) none
      = g_error_new (BH_ERROR, BH_ERROR_NOT_RUNNING, "“%s” was stopped", bh_vm_get_name (self));
  g_autoptr (GPtrArray) all = copy_waiting (self);
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);
  gboolean cancelled = g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED);

  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_clear_handle_id (&self->auto_stop, g_source_remove);
  g_clear_object (&self->console);
  g_signal_handlers_disconnect_by_data (self->run, self);
  g_clear_object (&self->run);
  self->last_cpu_time = 0;
  show_programs (self);
  show_state (self, "", error && !cancelled ? error->message : "");
  for (guint i = 0; i < all->len; i++)
    {
      Waiting *waiting = all->pdata[i];

      if (waiting->what == WAIT_STOP)
        waiting_done (self, waiting);
      else
        waiting_fail (self, waiting, error ? error : none);
    }
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (tasks->pdata[i], TRUE);
}

static void
take_run (BhVm *self, BhRun *run)
{
  self->run = run;
  g_signal_connect (run, "step", G_CALLBACK (on_step), self);
  g_signal_connect (run, "ready", G_CALLBACK (on_ready), self);
  g_signal_connect (run, "detached", G_CALLBACK (on_detached), self);
  g_signal_connect (run, "ended", G_CALLBACK (on_ended), self);
  g_signal_connect (run, "programs", G_CALLBACK (on_programs), self);
  g_signal_connect (run, "launched", G_CALLBACK (on_launched), self);
  g_signal_connect (run, "launch-failed", G_CALLBACK (on_launch_failed), self);
  g_signal_connect (run, "exited", G_CALLBACK (on_exited), self);
  g_signal_connect (run, "windows", G_CALLBACK (on_windows), self);
  g_signal_connect (run, "idle", G_CALLBACK (on_idle), self);
  g_signal_connect (run, "notice", G_CALLBACK (on_notice), self);
}

static void
begin_run (BhVm *self, const char *display, gboolean debug)
{
  take_run (self, bh_run_new (self->config, self->hypervisor));
  bh_run_start (self->run, display, debug);
  show_state (self, "Preparing", "");
}

/* Methods. */

static const BhOption start_options[] = {
  { "display", "s", 100, 0 },
  { "debug", "b", 0, 0 },
  { NULL, NULL, 0, 0 },
};

static const BhOption launch_options[] = {
  { "app", "s", 255, 0 },  { "argv", "as", 4096, 256 }, { "wait", "b", 0, 0 },
  { "x11", "s", 4, 0 },    { "display", "s", 100, 0 },  { "activation-token", "s", 255, 0 },
  { NULL, NULL, 0, 0 },
};

/* Make sure that it runs or will, and shows its windows; %FALSE with @error otherwise. */
static gboolean
ensure_running (BhVm *self, GVariant *options, gboolean *started, GError **error)
{
  g_autofree char *display = NULL;
  const char *wanted = NULL;
  gboolean debug = FALSE;

  *started = FALSE;
  g_variant_lookup (options, "display", "&s", &wanted);
  g_variant_lookup (options, "debug", "b", &debug);
  if (self->run && bh_run_get_state (self->run) == BH_RUN_STOPPING)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "“%s” is just being stopped. Try again in a moment.",
                   bh_vm_get_name (self));
      return FALSE;
    }
  if (self->run && (bh_run_get_state (self->run) != BH_RUN_READY || bh_run_is_attached (self->run)))
    return TRUE;
  if (!self->run && !bh_vm_config_check (self->config, error))
    return FALSE;
  display = bh_display_find (wanted, error);
  if (!display)
    return FALSE;
  if (self->run)
    bh_run_attach (self->run, display);
  else
    {
      begin_run (self, display, debug);
      *started = TRUE;
    }
  return TRUE;
}

static gboolean
too_many (BhVm *self, GError **error)
{
  if (self->waiting->len < MAX_WAITING)
    return FALSE;
  g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "Too much is asked of “%s” at once",
               bh_vm_get_name (self));
  return TRUE;
}

static gboolean
handle_start (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *options)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  Waiting *waiting;
  gboolean started;

  if (!bh_options_check (options, start_options, &error) || too_many (self, &error)
      || !ensure_running (self, options, &started, &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  waiting = add_waiting (self, WAIT_START);
  waiting->started_vm = started;
  bh_dbus_vm1_complete_start (vm, g_steal_pointer (&invocation), bh_job_get_path (waiting->job));
  if (bh_run_get_state (self->run) == BH_RUN_READY && bh_run_is_attached (self->run))
    waiting_done (self, waiting);
  return TRUE;
}

/* What is launched, for people: the application's name or the command. */
static char *
check_launch (BhVm *self, GVariant *options, GError **error)
{
  g_autofree const char **argv = NULL;
  const char *app = NULL, *x11 = NULL;

  if (!bh_options_check (options, launch_options, error))
    return NULL;
  g_variant_lookup (options, "app", "&s", &app);
  g_variant_lookup (options, "argv", "^a&s", &argv);
  if (g_variant_lookup (options, "x11", "&s", &x11) && !g_str_equal (x11, "auto")
      && !g_str_equal (x11, "yes") && !g_str_equal (x11, "no"))
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                           "The option “x11” takes auto, yes or no");
      return NULL;
    }
  if ((app != NULL) == (argv != NULL) || (argv && (!argv[0] || !*argv[0])))
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                           "Give either “app” or “argv”, and not empty");
      return NULL;
    }
  if (argv)
    {
      g_autofree char *base = g_path_get_basename (argv[0]);
      return bh_text_clean (base, strlen (base), 64);
    }
  return bh_host_apps_check (self->apps, app, error);
}

/* Proxy1.Launch takes the same names but for what is ours alone. */
static GVariant *
proxy_options (BhVm *self, GVariant *options)
{
  g_auto (GStrv) forced = bh_vm_config_get_list (self->config, "X11");
  const char *app = NULL, *x11 = "auto";
  GVariantDict dict;

  g_variant_lookup (options, "app", "&s", &app);
  g_variant_lookup (options, "x11", "&s", &x11);
  g_variant_dict_init (&dict, options);
  g_variant_dict_remove (&dict, "wait");
  g_variant_dict_remove (&dict, "display");
  if (app && g_str_equal (x11, "auto") && g_strv_contains ((const char *const *) forced, app))
    x11 = "yes";
  g_variant_dict_insert (&dict, "x11", "s", x11);
  return g_variant_dict_end (&dict);
}

static void
serve_launch (BhVm *self, Waiting *waiting)
{
  bh_job_step (waiting->job, "launch", "Starting the program");
  waiting->what = WAIT_WINDOW;
  waiting->id = bh_run_launch (self->run, waiting->label, proxy_options (self, waiting->options));
  bh_job_add_result (waiting->job, "id", g_variant_new_uint32 (waiting->id));
}

static gboolean
handle_launch (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *options)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  g_autofree char *label = check_launch (self, options, &error);
  Waiting *waiting;
  gboolean started;

  if (!label || too_many (self, &error) || !ensure_running (self, options, &started, &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  waiting = add_waiting (self, WAIT_LAUNCH);
  waiting->started_vm = started;
  waiting->options = g_variant_ref (options);
  waiting->label = g_steal_pointer (&label);
  g_variant_lookup (options, "wait", "b", &waiting->wait);
  bh_dbus_vm1_complete_launch (vm, g_steal_pointer (&invocation), bh_job_get_path (waiting->job));
  if (bh_run_get_state (self->run) == BH_RUN_READY && bh_run_is_attached (self->run))
    serve_launch (self, waiting);
  return TRUE;
}

static gboolean
handle_terminate (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, guint id)
{
  BhVm *self = BH_VM (vm);

  if (self->run && bh_run_terminate (self->run, id))
    bh_dbus_vm1_complete_terminate (vm, g_steal_pointer (&invocation));
  else
    g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_NOT_FOUND,
                                           "No program %u runs in “%s”", id, bh_vm_get_name (self));
  return TRUE;
}

static gboolean
handle_stop (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, gboolean force)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  Waiting *waiting;

  if (too_many (self, &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  waiting = add_waiting (self, WAIT_STOP);
  bh_dbus_vm1_complete_stop (vm, g_steal_pointer (&invocation), bh_job_get_path (waiting->job));
  if (self->run)
    {
      bh_run_stop (self->run, force, NULL);
      if (self->run)
        show_state (self, "Stopping", "");
    }
  else
    waiting_done (self, waiting);
  return TRUE;
}

static gboolean
name_is_taken (BhVm *self, GHashTable *settings, GError **error)
{
  const char *name = g_hash_table_lookup (settings, "Name");
  gboolean taken = FALSE;

  if (name)
    g_signal_emit (self, signals[CHECK_NAME], 0, name, &taken);
  if (taken)
    g_set_error (error, BH_ERROR, BH_ERROR_EXISTS, "There is an AppVM “%s” already", name);
  return taken;
}

static gboolean
handle_set (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *settings)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *path = bh_paths_vm_file (bh_vm_get_id (self));
  g_autoptr (BhVmConfig) config = NULL;
  g_autoptr (GPtrArray) restart = g_ptr_array_new ();
  g_auto (GStrv) changed = NULL;
  g_autoptr (GError) error = NULL;
  GVariantIter iter;
  char *key, *value;

  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{ss}", &key, &value))
    g_hash_table_insert (table, key, value);
  config = bh_vm_config_with (self->config, table, &changed, &error);
  if (!config || name_is_taken (self, table, &error) || !bh_vm_config_save (config, path, &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  bh_vm_config_unref (self->config);
  self->config = g_steal_pointer (&config);
  show_config (self);
  for (char **p = changed; *p; p++)
    if (bh_keys_find (*p)->needs_restart && self->run)
      g_ptr_array_add (restart, *p);
  g_ptr_array_add (restart, NULL);
  if (self->run)
    {
      bh_run_set_config (self->run, self->config);
      if (self->auto_stop)
        on_idle (self->run, self);
    }
  bh_dbus_vm1_complete_set (vm, g_steal_pointer (&invocation),
                            (const char *const *) restart->pdata);
  return TRUE;
}

static gboolean
handle_delete (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  BhVm *self = BH_VM (vm);
  g_autofree char *path = bh_paths_vm_file (bh_vm_get_id (self));

  if (self->run)
    {
      g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_BUSY,
                                             "“%s” is running. Stop it first.", bh_vm_get_name (self));
      return TRUE;
    }
  if (g_unlink (path) != 0 && errno != ENOENT)
    {
      g_autoptr (GError) error = NULL;

      bh_error_set_from_errno (&error, errno, "Cannot delete %s", path);
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  bh_log_delete (bh_vm_get_id (self));
  bh_domain_clean (bh_vm_get_id (self));
  bh_dbus_vm1_complete_delete (vm, g_steal_pointer (&invocation));
  g_signal_emit (self, signals[DELETED], 0);
  return TRUE;
}

static gboolean
handle_open_console (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GUnixFDList *fds)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GUnixFDList) out = NULL;
  g_autoptr (GError) error = NULL;
  int fd = -1;

  if (!self->run || bh_run_get_state (self->run) < BH_RUN_BOOTING)
    g_set_error (&error, BH_ERROR, BH_ERROR_NOT_RUNNING, "“%s” is not running", bh_vm_get_name (self));
  else
    {
      if (!self->console)
        self->console = bh_console_new (bh_vm_get_id (self));
      fd = bh_console_open (self->console, &error);
    }
  if (fd < 0)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  out = g_unix_fd_list_new_from_array (&fd, 1);
  bh_dbus_vm1_complete_open_console (vm, g_steal_pointer (&invocation), out, g_variant_new_handle (0));
  return TRUE;
}

static gboolean
handle_read_log (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, guint lines)
{
  g_autofree char *text = NULL;

  if (lines < 1 || lines > 10000)
    {
      g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR,
                                             BH_ERROR_INVALID_ARGUMENT, "A log has 1 to 10000 lines");
      return TRUE;
    }
  text = bh_log_tail (bh_vm_get_id (BH_VM (vm)), lines);
  bh_dbus_vm1_complete_read_log (vm, g_steal_pointer (&invocation), text);
  return TRUE;
}

static void
bh_vm_iface_init (BhDbusVm1Iface *iface)
{
  iface->handle_start = handle_start;
  iface->handle_launch = handle_launch;
  iface->handle_terminate = handle_terminate;
  iface->handle_stop = handle_stop;
  iface->handle_set = handle_set;
  iface->handle_delete = handle_delete;
  iface->handle_open_console = handle_open_console;
  iface->handle_read_log = handle_read_log;
}

/* Class. */

static void
bh_vm_get_property (GObject *object, guint prop, GValue *value, GParamSpec *spec)
{
  if (prop == PROP_USAGE)
    g_value_take_variant (value, read_usage (BH_VM (object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop, spec);
}

/* Inherited from the interface, where each property can be written; this one is always read afresh. */
static void
bh_vm_set_property (GObject *object, guint prop, const GValue *value, GParamSpec *spec)
{
}

static void
bh_vm_dispose (GObject *object)
{
  BhVm *self = BH_VM (object);

  bh_vm_abandon (self);
  g_ptr_array_set_size (self->waiting, 0);
  g_clear_object (&self->console);
  g_clear_object (&self->server);
  G_OBJECT_CLASS (bh_vm_parent_class)->dispose (object);
}

static void
bh_vm_finalize (GObject *object)
{
  BhVm *self = BH_VM (object);

  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->stop_tasks);
  bh_vm_config_unref (self->config);
  g_object_unref (self->hypervisor);
  g_object_unref (self->apps);
  g_free (self->path);
  G_OBJECT_CLASS (bh_vm_parent_class)->finalize (object);
}

static void
bh_vm_class_init (BhVmClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = bh_vm_get_property;
  object_class->set_property = bh_vm_set_property;
  object_class->dispose = bh_vm_dispose;
  object_class->finalize = bh_vm_finalize;
  g_object_class_override_property (object_class, PROP_USAGE, "usage");
  signals[CHECK_NAME]
      = g_signal_new ("check-name", BH_TYPE_VM, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled,
                      NULL, NULL, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  signals[DELETED]
      = g_signal_new ("deleted", BH_TYPE_VM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bh_vm_init (BhVm *self)
{
  self->waiting = g_ptr_array_new_with_free_func (waiting_free);
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

BhVm *
bh_vm_new (BhVmConfig *config, BhHypervisor *hypervisor, BhHostApps *apps,
           GDBusObjectManagerServer *server)
{
  BhVm *self = g_object_new (BH_TYPE_VM, NULL);

  self->config = bh_vm_config_ref (config);
  self->hypervisor = g_object_ref (hypervisor);
  self->apps = g_object_ref (apps);
  self->server = g_object_ref (server);
  self->path = g_strconcat ("/io/github/bulkhead/vm/", bh_vm_config_get_id (config), NULL);
  g_strdelimit (self->path, "-", '_');
  bh_dbus_vm1_set_id (BH_DBUS_VM1 (self), bh_vm_config_get_id (config));
  show_config (self);
  show_state (self, "", "");
  show_programs (self);
  return self;
}

const char *
bh_vm_get_id (BhVm *self)
{
  return bh_vm_config_get_id (self->config);
}

const char *
bh_vm_get_name (BhVm *self)
{
  return bh_vm_config_get (self->config, "Name");
}

const char *
bh_vm_get_path (BhVm *self)
{
  return self->path;
}

void
bh_vm_adopt (BhVm *self, const char *uuid)
{
  if (self->run)
    return;
  take_run (self, bh_run_new (self->config, self->hypervisor));
  bh_run_adopt (self->run, uuid);
  show_programs (self);
  show_state (self, "", "");
}

gboolean
bh_vm_is_active (BhVm *self)
{
  return self->run != NULL;
}

void
bh_vm_stop_async (BhVm *self, gboolean force, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  if (!self->run)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  g_ptr_array_add (self->stop_tasks, task);
  bh_run_stop (self->run, force, NULL);
  if (self->run)
    show_state (self, "Stopping", "");
}

gboolean
bh_vm_stop_finish (BhVm *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
bh_vm_abandon (BhVm *self)
{
  g_clear_handle_id (&self->auto_stop, g_source_remove);
  if (!self->run)
    return;
  g_signal_handlers_disconnect_by_data (self->run, self);
  bh_run_abandon (self->run);
  g_clear_object (&self->run);
}
