/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM that is a disposable: it ends when nobody has any use for it any more, and nothing is left. */
#include "config.h"

#include "bh-vm-private.h"

#include "bh-disposable.h"
#include "bh-error.h"
#include "bh-inbox.h"
#include "bh-log.h"

/* Between one window and the next, as of a program that says hello first. */
#define WINDOW_SECONDS 3

void
bh_vm_become_disposable (BhVm *self, const char *definition)
{
  self->disposable = TRUE;
  self->slow_told = TRUE; /* not with each program */
  bh_dbus_vm1_set_disposable_of (BH_DBUS_VM1 (self), definition);
}

const char *
bh_vm_get_definition (BhVm *self)
{
  return self->disposable ? bh_dbus_vm1_get_disposable_of (BH_DBUS_VM1 (self)) : NULL;
}

void
bh_vm_count_disposables (BhVm *self, int change)
{
  self->disposables = (guint) ((int) self->disposables + change);
}

gboolean
bh_vm_check_kept (BhVm *self, GError **error)
{
  if (!self->disposable)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "“%s” is a disposable: nothing about it is kept. Change the AppVM “%s” instead, whose "
               "settings it has.",
               bh_vm_get_name (self), bh_vm_get_definition (self));
  return FALSE;
}

gboolean
bh_vm_make_disposable (BhVm *self, BhVm **disposable, GError **error)
{
  GError *local = NULL;

  *disposable = NULL;
  g_signal_emit_by_name (self, "make-disposable", &local, disposable);
  if (*disposable)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

static void
end (BhVm *self)
{
  bh_log_line (bh_vm_get_id (self), "the last of its windows is closed");
  bh_vm_stop_async (self, FALSE, NULL, NULL);
}

static gboolean
has_windows (BhVm *self)
{
  for (guint i = 0; i < bh_run_get_programs (self->run)->len; i++)
    if (((BhProgram *) bh_run_get_programs (self->run)->pdata[i])->windows > 0)
      return TRUE;
  return FALSE;
}

gboolean
bh_vm_is_waited_for (BhVm *self)
{
  g_autoptr (GPtrArray) callers = bh_callers_list (self->callers, BH_WAIT_START, BH_WAIT_EXIT);

  return callers->len > 0;
}

static gboolean
windows_over (gpointer data)
{
  BhVm *self = data;

  self->windows_over = 0;
  if (self->run && bh_run_is_attached (self->run) && !has_windows (self)
      && !bh_vm_is_waited_for (self))
    end (self);
  return G_SOURCE_REMOVE;
}

void
bh_vm_disposable_windows (BhVm *self)
{
  if (!self->disposable)
    return;
  g_clear_handle_id (&self->windows_over, g_source_remove);
  if (!has_windows (self))
    self->windows_over = g_timeout_add_seconds (WINDOW_SECONDS, windows_over, self);
}

void
bh_vm_disposable_programs (BhVm *self)
{
  if (self->disposable && self->run && bh_run_get_state (self->run) != BH_RUN_STOPPING
      && bh_run_get_programs (self->run)->len == 0 && !bh_vm_is_waited_for (self))
    end (self);
}

static gboolean
take_off (gpointer data)
{
  g_signal_emit_by_name (data, "deleted");
  return G_SOURCE_REMOVE;
}

void
bh_vm_disposable_ended (BhVm *self)
{
  if (!self->disposable || self->disposed)
    return;
  self->disposed = TRUE;
  g_clear_handle_id (&self->windows_over, g_source_remove);
  bh_disposable_forget (bh_vm_get_id (self));
  bh_inbox_drop (self->config);
  bh_log_delete (bh_vm_get_id (self));
  /* Not while those who have ended it still use it. */
  g_idle_add_full (G_PRIORITY_DEFAULT, take_off, g_object_ref (self), g_object_unref);
}
