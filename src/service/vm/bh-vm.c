/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM on the bus. */
#include "config.h"

#include "bh-vm.h"

#include "bh-display.h"
#include "bh-error.h"
#include "bh-launch.h"
#include "bh-network.h"
#include "bh-log.h"
#include "bh-camera-part.h"
#include "bh-sound-part.h"
#include "bh-vm-private.h"
#include "bh-vm-template.h"

#include <gio/gunixfdlist.h>
#include <string.h>

static void bh_vm_iface_init (BhDbusVm1Iface *iface);

G_DEFINE_TYPE_WITH_CODE (BhVm, bh_vm, BH_DBUS_TYPE_VM1_SKELETON,
                         G_IMPLEMENT_INTERFACE (BH_DBUS_TYPE_VM1, bh_vm_iface_init))

#define PROP_USAGE 1

enum
{
  CHECK_NAME,
  DELETED,
  MAKE_DISPOSABLE,
  READY,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void begin_run (BhVm *self, const char *display, gboolean debug);

/* Properties. */

static const char *
state_name (BhVm *self, const char *error)
{
  switch (self->run ? bh_run_get_state (self->run) : BH_RUN_ENDED)
    {
    case BH_RUN_NEW:
    case BH_RUN_STARTING:
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
  bh_vm_template_show (self);
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
  bh_vm_sound_programs (self);
  bh_vm_show_camera (self);
}

static void
show_in_use (BhVm *self)
{
  BhParts *parts = self->run ? bh_run_get_parts (self->run) : NULL;
  g_auto (GStrv) words = parts ? bh_parts_list_in_use (parts) : g_new0 (char *, 1);

  bh_dbus_vm1_set_in_use (BH_DBUS_VM1 (self), (const char *const *) words);
  bh_vm_note_use (self, (const char *const *) words);
}

static void
on_part_changed (BhRun *run, const char *name, BhVm *self)
{
  show_in_use (self);
  if (g_str_equal (name, BH_SOUND_PART_NAME))
    bh_vm_show_sound (self);
  if (g_str_equal (name, BH_CAMERA_PART_NAME))
    bh_vm_show_camera (self);
}

/* Callers. */

static void
on_caller_cancelled (BhCaller *caller, gpointer data)
{
  BhVm *self = data;
  g_autoptr (GError) error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  g_autoptr (GPtrArray) others = NULL;
  gboolean started_vm = caller->started_vm;
  guint id = caller->id;

  if (caller->what == BH_WAIT_STOP)
    return; /* stopping goes on whoever waits for it */
  bh_callers_fail (self->callers, caller, error);
  if (!self->run)
    return;
  if (id != 0)
    bh_run_terminate (self->run, id);
  others = bh_callers_list (self->callers, BH_WAIT_START, BH_WAIT_EXIT);
  if (started_vm && others->len == 0 && bh_run_get_programs (self->run)->len <= (id != 0 ? 1u : 0u))
    bh_run_stop (self->run, TRUE, error);
}

BhCaller *
bh_vm_add_caller (BhVm *self, BhWaitFor what)
{
  return bh_callers_add (self->callers, what, on_caller_cancelled, self);
}

/* What the run says. */

static void
on_step (BhRun *run, const char *name, const char *text, BhVm *self)
{
  g_autoptr (GPtrArray) callers = bh_callers_list (self->callers, BH_WAIT_START, BH_WAIT_LAUNCH);

  show_state (self, text, "");
  for (guint i = 0; i < callers->len; i++)
    bh_job_step (((BhCaller *) callers->pdata[i])->job, name, text);
}

static void
on_ready (BhRun *run, BhVm *self)
{
  g_autoptr (GPtrArray) callers = bh_callers_list (self->callers, BH_WAIT_START, BH_WAIT_LAUNCH);

  show_state (self, "", "");
  show_programs (self);
  g_signal_emit (self, signals[READY], 0, bh_run_get_kvm (run));
  if (!bh_run_get_kvm (run) && !self->slow_told)
    {
      self->slow_told = TRUE;
      bh_dbus_vm1_emit_notice (
          BH_DBUS_VM1 (self),
          "This computer emulates the AppVM's processor: programs in it are slow.");
    }
  for (guint i = 0; i < callers->len; i++)
    {
      BhCaller *caller = callers->pdata[i];

      if (caller->what == BH_WAIT_START)
        bh_callers_done (self->callers, caller);
      else if (!caller->held)
        bh_vm_serve_launch (self, caller);
    }
  bh_vm_disposable_programs (self);
}

static void
on_detached (BhRun *run, const char *why, BhVm *self)
{
  g_autoptr (GPtrArray) callers = bh_callers_list (self->callers, BH_WAIT_START, BH_WAIT_LAUNCH);
  g_autoptr (GError) error = g_error_new (
      BH_ERROR, BH_ERROR_NO_DISPLAY, "“%s” cannot show windows: %s", bh_vm_get_name (self), why);

  for (guint i = 0; i < callers->len; i++)
    bh_callers_fail (self->callers, callers->pdata[i], error);
  bh_vm_disposable_programs (self);
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
  BhCaller *caller = bh_callers_find (self->callers, id);

  if (!caller)
    return;
  caller->launched = TRUE;
  bh_job_step (caller->job, "launched", "Waiting for its window");
}

static void
on_launch_failed (BhRun *run, guint id, GError *error, BhVm *self)
{
  BhCaller *caller = bh_callers_find (self->callers, id);

  if (caller)
    bh_callers_fail (self->callers, caller, error);
  bh_vm_disposable_programs (self);
}

static void
on_windows (BhRun *run, guint id, guint count, BhVm *self)
{
  BhCaller *caller = bh_callers_find (self->callers, id);

  bh_vm_disposable_windows (self);
  if (!caller || count == 0 || caller->what != BH_WAIT_WINDOW)
    return;
  bh_job_step (caller->job, "window", "Its window is there");
  if (caller->wait)
    caller->what = BH_WAIT_EXIT;
  else
    bh_callers_done (self->callers, caller);
}

static void
on_exited (BhRun *run, guint id, const char *label, guint code, GBytes *tail, BhVm *self)
{
  BhCaller *caller = bh_callers_find (self->callers, id);
  g_autoptr (GVariant) bytes =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, tail, TRUE));
  GList *buses = g_dbus_interface_skeleton_get_connections (G_DBUS_INTERFACE_SKELETON (self));

  /* By hand: the generated function takes a C string, and the tail may hold any byte. */
  for (GList *l = buses; l; l = l->next)
    g_dbus_connection_emit_signal (l->data, NULL, self->path, "io.github.bulkhead.Vm1",
                                   "ProgramExited",
                                   g_variant_new ("(usu@ay)", id, label, code, bytes), NULL);
  g_list_free_full (buses, g_object_unref);
  if (!caller)
    {
      bh_vm_disposable_programs (self);
      return;
    }
  bh_job_add_result (caller->job, "code", g_variant_new_uint32 (code));
  bh_job_add_result (caller->job, "tail", bytes);
  /* A program that hands over to another and ends well has no window of its own; one that fails has
   * failed whoever waits for it. */
  if (caller->wait || code == 0)
    bh_callers_done (self->callers, caller);
  else
    {
      g_autoptr (GError) error =
          g_error_new (BH_ERROR, BH_ERROR_PROGRAM_FAILED,
                       "%s ended with code %u before it showed a window", label, code);

      bh_callers_fail (self->callers, caller, error);
    }
  bh_vm_disposable_programs (self);
}

static gboolean
auto_stop (gpointer data)
{
  BhVm *self = data;

  self->auto_stop = 0;
  if (!bh_vm_network_may_stop (self, NULL) || bh_vm_is_waited_for (self))
    bh_vm_wait_unused (self);
  else if (self->run && bh_run_get_programs (self->run)->len == 0)
    {
      bh_log_line (bh_vm_get_id (self), "unused");
      bh_run_stop (self->run, FALSE, NULL);
      show_state (self, "Stopping", "");
    }
  return G_SOURCE_REMOVE;
}

void
bh_vm_wait_unused (BhVm *self)
{
  gint64 seconds = bh_vm_config_get_int (self->config, "AutoStop");

  g_clear_handle_id (&self->auto_stop, g_source_remove);
  if (seconds > 0)
    self->auto_stop = g_timeout_add_seconds ((guint) seconds, auto_stop, self);
}

static void
on_idle (BhRun *run, BhVm *self)
{
  bh_vm_wait_unused (self);
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
  g_autoptr (GError) none =
      g_error_new (BH_ERROR, BH_ERROR_NOT_RUNNING, "“%s” was stopped", bh_vm_get_name (self));
  g_autoptr (GPtrArray) callers = bh_callers_list (self->callers, BH_WAIT_START, BH_WAIT_STOP);
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);
  gboolean cancelled = g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED);

  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_clear_handle_id (&self->auto_stop, g_source_remove);
  g_clear_object (&self->console);
  g_signal_handlers_disconnect_by_data (self->run, self);
  g_clear_object (&self->run);
  bh_vm_set_started (self, FALSE);
  bh_vm_network_ended (self, error);
  self->usage = (BhDomainUsage){ 0 };
  show_programs (self);
  show_in_use (self);
  bh_vm_show_sound (self);
  show_state (self, "", error && !cancelled ? error->message : "");
  for (guint i = 0; i < callers->len; i++)
    {
      BhCaller *caller = callers->pdata[i];

      if (caller->what == BH_WAIT_STOP)
        bh_callers_done (self->callers, caller);
      else
        bh_callers_fail (self->callers, caller, error ? error : none);
    }
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (tasks->pdata[i], TRUE);
  bh_vm_disposable_ended (self);
}

static void
take_run (BhVm *self, BhRun *run)
{
  self->run = run;
  bh_vm_set_started (self, TRUE);
  bh_vm_network_begun (self);
  g_signal_connect (run, "step", G_CALLBACK (on_step), self);
  g_signal_connect (run, "ready", G_CALLBACK (on_ready), self);
  g_signal_connect (run, "detached", G_CALLBACK (on_detached), self);
  g_signal_connect (run, "ended", G_CALLBACK (on_ended), self);
  g_signal_connect (run, "programs", G_CALLBACK (on_programs), self);
  g_signal_connect (run, "part-changed", G_CALLBACK (on_part_changed), self);
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
  take_run (self, bh_run_new (self->config, self->hypervisor, self->pool));
  bh_run_start (self->run, display, debug);
  show_state (self, "Preparing", "");
}

/* Methods. */

gboolean
bh_vm_ensure_running (BhVm *self, GVariant *options, gboolean *started, GError **error)
{
  g_autofree char *display = NULL;
  const char *wanted = NULL;
  gboolean debug = FALSE;

  *started = FALSE;
  g_variant_lookup (options, "display", "&s", &wanted);
  g_variant_lookup (options, "debug", "b", &debug);
  if (self->run && bh_run_get_state (self->run) == BH_RUN_STOPPING)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                   "“%s” is just being stopped. Try again in a moment.", bh_vm_get_name (self));
      return FALSE;
    }
  if (self->disposed)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_RUNNING, "“%s” was a disposable, and has ended",
                   bh_vm_get_name (self));
      return FALSE;
    }
  if (self->run && (bh_run_get_state (self->run) != BH_RUN_READY || bh_run_is_attached (self->run)))
    return TRUE;
  if (!self->run
      && (!bh_vm_home_may_change (self, error) || !bh_vm_config_check (self->config, error) || !bh_network_check (self->config, error)))
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

gboolean
bh_vm_start (BhVm *self, const char *display, GError **error)
{
  GVariantDict dict;
  g_autoptr (GVariant) options = NULL;
  gboolean started;

  g_variant_dict_init (&dict, NULL);
  if (display)
    g_variant_dict_insert (&dict, "display", "s", display);
  options = g_variant_ref_sink (g_variant_dict_end (&dict));
  return bh_vm_ensure_running (self, options, &started, error);
}

/* Programs would not run in it. */
static gboolean
may_start (BhVm *self, GError **error)
{
  if (self->run || !bh_vm_config_get_bool (self->config, "Disposable"))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "Each program of “%s” gets a disposable of its own, so that there is nothing to start "
               "ahead. Start a program.",
               bh_vm_get_name (self));
  return FALSE;
}

static gboolean
handle_start (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *options)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  BhCaller *caller;
  gboolean started;

  if (!bh_launch_check_start (options, &error) || !may_start (self, &error)
      || !bh_callers_has_room (self->callers, &error)
      || !bh_vm_ensure_running (self, options, &started, &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  caller = bh_vm_add_caller (self, BH_WAIT_START);
  caller->started_vm = started;
  bh_dbus_vm1_complete_start (vm, g_steal_pointer (&invocation), bh_job_get_path (caller->job));
  if (bh_run_get_state (self->run) == BH_RUN_READY && bh_run_is_attached (self->run))
    bh_callers_done (self->callers, caller);
  return TRUE;
}

static gboolean
handle_terminate (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, guint id)
{
  BhVm *self = BH_VM (vm);

  if (self->run && bh_run_terminate (self->run, id))
    bh_dbus_vm1_complete_terminate (vm, g_steal_pointer (&invocation));
  else
    g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR,
                                           BH_ERROR_NOT_FOUND, "No program %u runs in “%s”", id,
                                           bh_vm_get_name (self));
  return TRUE;
}

static gboolean
handle_stop (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, gboolean force)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  BhCaller *caller;

  if ((!force && !bh_vm_network_may_stop (self, &error))
      || !bh_callers_has_room (self->callers, &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  caller = bh_vm_add_caller (self, BH_WAIT_STOP);
  bh_dbus_vm1_complete_stop (vm, g_steal_pointer (&invocation), bh_job_get_path (caller->job));
  if (self->run)
    {
      bh_run_stop (self->run, force, NULL);
      if (self->run)
        show_state (self, "Stopping", "");
    }
  else
    bh_callers_done (self->callers, caller);
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
    g_set_error (&error, BH_ERROR, BH_ERROR_NOT_RUNNING, "“%s” is not running",
                 bh_vm_get_name (self));
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
  bh_dbus_vm1_complete_open_console (vm, g_steal_pointer (&invocation), out,
                                     g_variant_new_handle (0));
  return TRUE;
}

static void
bh_vm_iface_init (BhDbusVm1Iface *iface)
{
  iface->handle_start = handle_start;
  iface->handle_launch = bh_vm_handle_launch;
  iface->handle_open = bh_vm_handle_open;
  iface->handle_terminate = handle_terminate;
  iface->handle_read_network = bh_vm_handle_read_network;
  iface->handle_attach_usb = bh_vm_handle_attach_usb;
  iface->handle_detach_usb = bh_vm_handle_detach_usb;
  iface->handle_stop = handle_stop;
  iface->handle_set = bh_vm_handle_set;
  iface->handle_read_image = bh_vm_handle_read_image;
  iface->handle_drop_image_changes = bh_vm_handle_drop_image_changes;
  iface->handle_read_home = bh_vm_handle_read_home;
  iface->handle_change_home = bh_vm_handle_change_home;
  iface->handle_open_inbox = bh_vm_handle_open_inbox;
  iface->handle_delete = bh_vm_handle_delete;
  iface->handle_open_console = handle_open_console;
  iface->handle_read_log = bh_vm_handle_read_log;
  iface->handle_set_volume = bh_vm_handle_set_volume;
  iface->handle_set_muted = bh_vm_handle_set_muted;
  iface->handle_get_sound_level = bh_vm_handle_get_sound_level;
  iface->handle_answer_camera = bh_vm_handle_answer_camera;
}

/* Class. */

static void
bh_vm_get_property (GObject *object, guint prop, GValue *value, GParamSpec *spec)
{
  BhVm *self = BH_VM (object);

  if (prop == PROP_USAGE)
    g_value_take_variant (
        value,
        bh_domain_describe_usage (self->run ? bh_vm_get_id (self) : NULL,
                                  self->run ? bh_run_get_memory_mib (self->run) : 0, &self->usage));
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
  g_clear_object (&self->console);
  bh_vm_forget_notes (self);
  G_OBJECT_CLASS (bh_vm_parent_class)->dispose (object);
}

static void
bh_vm_finalize (GObject *object)
{
  BhVm *self = BH_VM (object);

  bh_callers_free (self->callers);
  g_ptr_array_unref (self->stop_tasks);
  bh_vm_config_unref (self->config);
  g_clear_pointer (&self->started, bh_vm_config_unref);
  g_object_unref (self->hypervisor);
  g_object_unref (self->pool);
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
  signals[CHECK_NAME] = g_signal_new ("check-name", BH_TYPE_VM, G_SIGNAL_RUN_LAST, 0,
                                      g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN,
                                      1, G_TYPE_STRING);
  signals[READY] = g_signal_new ("ready", BH_TYPE_VM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[MAKE_DISPOSABLE] = g_signal_new ("make-disposable", BH_TYPE_VM, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_OBJECT, 1, G_TYPE_POINTER);
  signals[DELETED] =
      g_signal_new ("deleted", BH_TYPE_VM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bh_vm_init (BhVm *self)
{
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

BhVm *
bh_vm_new (BhVmConfig *config, BhHypervisor *hypervisor, BhPool *pool, BhHostApps *apps,
           GDBusObjectManagerServer *server)
{
  BhVm *self = g_object_new (BH_TYPE_VM, NULL);

  self->config = bh_vm_config_ref (config);
  self->hypervisor = g_object_ref (hypervisor);
  self->pool = g_object_ref (pool);
  self->apps = g_object_ref (apps);
  self->callers = bh_callers_new (server);
  self->path = g_strconcat ("/io/github/bulkhead/vm/", bh_vm_config_get_id (config), NULL);
  g_strdelimit (self->path, "-", '_');
  bh_dbus_vm1_set_id (BH_DBUS_VM1 (self), bh_vm_config_get_id (config));
  bh_vm_network_ended (self, NULL);
  bh_vm_show_config (self);
  show_state (self, "", "");
  show_programs (self);
  show_in_use (self);
  bh_vm_show_sound (self);
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

BhVmConfig *
bh_vm_get_config (BhVm *self)
{
  return self->config;
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
  take_run (self, bh_run_new (self->config, self->hypervisor, self->pool));
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
  g_clear_handle_id (&self->windows_over, g_source_remove);
  if (!self->run)
    return;
  g_signal_handlers_disconnect_by_data (self->run, self);
  bh_run_abandon (self->run);
  g_clear_object (&self->run);
}
