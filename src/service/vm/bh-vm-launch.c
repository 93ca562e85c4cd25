/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Programs that callers ask of an AppVM. */
#include "config.h"

#include "bh-vm-private.h"

#include "bh-inbox.h"
#include "bh-launch.h"

/* There at once or, in an AppVM that runs without, plugged in before the launch is sent. */
static gboolean
give_inbox (BhVm *self, GError **error)
{
  g_autofree char *path = bh_inbox_make (self->config, error);

  if (path && self->run)
    bh_run_set_config (self->run, self->config);
  return path != NULL;
}

BhVm *
bh_vm_find_target (BhVm *self, GVariant *options, gboolean inbox, gboolean *started, GError **error)
{
  BhVm *target = NULL;
  gboolean fresh = FALSE;

  g_variant_lookup (options, "disposable", "b", &fresh);
  if (fresh || (!self->disposable && bh_vm_config_get_bool (self->config, "Disposable")))
    {
      if (!bh_vm_make_disposable (self, &target, error))
        return NULL;
    }
  else
    target = g_object_ref (self);
  if (bh_callers_has_room (target->callers, error) && (!inbox || give_inbox (target, error))
      && bh_vm_ensure_running (target, options, started, error))
    return target;
  if (target != self)
    bh_vm_disposable_ended (target);
  g_object_unref (target);
  return NULL;
}

void
bh_vm_serve_launch (BhVm *self, BhCaller *caller)
{
  bh_job_step (caller->job, "launch", "Starting the program");
  caller->what = BH_WAIT_WINDOW;
  caller->id =
      bh_run_launch (self->run, caller->label, bh_launch_for_proxy (self->config, caller->options));
  bh_job_add_result (caller->job, "id", g_variant_new_uint32 (caller->id));
}

void
bh_vm_serve_ready (BhVm *self, BhCaller *caller)
{
  if (self->run && bh_run_get_state (self->run) == BH_RUN_READY && bh_run_is_attached (self->run))
    bh_vm_serve_launch (self, caller);
}

BhCaller *
bh_vm_add_launch (BhVm *self, GVariant *options, const char *label)
{
  BhCaller *caller = bh_vm_add_caller (self, BH_WAIT_LAUNCH);

  caller->options = g_variant_ref (options);
  caller->label = g_strdup (label);
  g_variant_lookup (options, "wait", "b", &caller->wait);
  if (self->disposable)
    bh_job_add_result (caller->job, "vm", g_variant_new_object_path (self->path));
  return caller;
}

gboolean
bh_vm_handle_launch (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *label = bh_launch_check (BH_VM (vm)->apps, BH_VM (vm)->config, options, &error);
  gboolean started;
  g_autoptr (BhVm) self =
      label ? bh_vm_find_target (BH_VM (vm), options, FALSE, &started, &error) : NULL;
  BhCaller *caller;

  if (!self)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  caller = bh_vm_add_launch (self, options, label);
  caller->started_vm = started;
  bh_dbus_vm1_complete_launch (vm, g_steal_pointer (&invocation), bh_job_get_path (caller->job));
  bh_vm_serve_ready (self, caller);
  return TRUE;
}
