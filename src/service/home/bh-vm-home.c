/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The home disk of an AppVM on the bus: what it takes, and what is done with it while the AppVM is stopped. */
#include "config.h"

#include "bh-vm-private.h"

#include "bh-error.h"
#include "bh-home.h"
#include "bh-home-disk.h"
#include "bh-home-key.h"
#include "bh-log.h"

#include <string.h>

typedef struct
{
  BhVm *vm;
  BhCaller *caller;
  BhVmConfig *config;
  char *action, *name;
  guint64 mib;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_object_unref (work->vm);
  bh_vm_config_unref (work->config);
  g_free (work->action);
  g_free (work->name);
  g_free (work);
}

/* In a thread. */

static gboolean
compact (Work *work, const char *path, const char *key, GCancellable *cancellable, GError **error)
{
  const char *id = bh_vm_config_get_id (work->config);
  gboolean encrypt = bh_vm_config_get_bool (work->config, "HomeEncrypt");
  char *made = NULL;
  gboolean ok;

  if (encrypt && !key
      && !(made = bh_home_key_make (id, bh_vm_config_get (work->config, "Name"), cancellable, error)))
    return FALSE;
  ok = bh_home_disk_compact (path, key, encrypt ? (key ? key : made) : NULL, cancellable, error);
  /* Of a disk that is not encrypted any more, or that was not to be. */
  if (ok ? (key && !encrypt) : made != NULL)
    bh_home_key_forget (id);
  bh_home_key_free (made);
  return ok;
}

static gboolean
change (Work *work, const char *path, const char *key, GCancellable *cancellable, GError **error)
{
  if (g_str_equal (work->action, "compact"))
    return compact (work, path, key, cancellable, error);
  if (g_str_equal (work->action, "grow"))
    return bh_home_disk_grow (path, work->mib, key, cancellable, error);
  if (g_str_equal (work->action, "snapshot"))
    return bh_home_disk_add_snapshot (path, work->name, key, cancellable, error);
  if (g_str_equal (work->action, "restore"))
    return bh_home_disk_restore (path, work->name, key, cancellable, error);
  return bh_home_disk_remove_snapshot (path, work->name, key, cancellable, error);
}

static void
change_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  const char *id = bh_vm_config_get_id (work->config);
  g_autofree char *path = bh_home_disk_path (id);
  GError *error = NULL;
  BhHomeDisk disk;
  char *key = NULL;
  gboolean ok = bh_home_disk_read (path, &disk, &error)
                && (!disk.encrypted || (key = bh_home_key_find (id, cancellable, &error)) != NULL)
                && change (work, path, key, cancellable, &error);

  bh_home_key_free (key);
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The bus. */

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  Work *work = g_task_get_task_data (G_TASK (result));
  BhVm *self = work->vm;
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->changing_home);
  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      bh_log_line (bh_vm_get_id (self), "home: %s%s%s", work->action, work->name ? " " : "",
                   work->name ? work->name : "");
      bh_callers_done (self->callers, work->caller);
    }
  else
    bh_callers_fail (self->callers, work->caller, error);
}

static void
on_cancelled (BhCaller *caller, gpointer data)
{
  g_cancellable_cancel (BH_VM (data)->changing_home);
}

gboolean
bh_vm_home_may_change (BhVm *self, GError **error)
{
  if (!self->changing_home)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
               "The home of “%s” is just being changed. Try again in a moment.",
               bh_vm_get_name (self));
  return FALSE;
}

gboolean
bh_vm_hold_home (BhVm *self, GCancellable *cancellable, GError **error)
{
  BhHomeKind kind = bh_home_get_kind (self->config);

  if (!bh_vm_check_kept (self, error))
    return FALSE;
  if (kind == BH_HOME_FOLDER)
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "The home of “%s” is the folder %s of this computer. What is in it is yours "
                 "already: copy the folder itself.",
                 bh_vm_get_name (self), bh_vm_config_get (self->config, "Home"));
  else if (kind == BH_HOME_NONE)
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "“%s” keeps no home.",
                 bh_vm_get_name (self));
  else if (self->run)
    g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                 "“%s” is running, and its home is in use. Stop it first.", bh_vm_get_name (self));
  else if (bh_vm_home_may_change (self, error))
    {
      self->changing_home = g_object_ref (cancellable);
      return TRUE;
    }
  return FALSE;
}

void
bh_vm_release_home (BhVm *self)
{
  g_clear_object (&self->changing_home);
}

static gboolean
check (BhVm *self, const char *action, GVariant *options, Work *work, GError **error)
{
  static const char *const actions[] = { "compact", "grow", "snapshot", "restore",
                                         "remove-snapshot", NULL };

  if (!g_strv_contains (actions, action))
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "A home cannot be asked to “%s”",
                 action);
  else if (bh_home_get_kind (self->config) != BH_HOME_DISK)
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "The home of “%s” is not on a disk of its own. Set Home=disk first.",
                 bh_vm_get_name (self));
  else if (self->run)
    g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "“%s” is running. Stop it first.",
                 bh_vm_get_name (self));
  else if (g_str_equal (action, "grow") && !g_variant_lookup (options, "size", "t", &work->mib))
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "It is not said how large");
  else if (!g_str_equal (action, "grow") && !g_str_equal (action, "compact")
           && !g_variant_lookup (options, "name", "s", &work->name))
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "It is not said which snapshot");
  else
    return bh_vm_home_may_change (self, error) && bh_callers_has_room (self->callers, error);
  return FALSE;
}

/* The file says how large it is to be, too: a disk that is made later is as large. */
static gboolean
remember_size (BhVm *self, guint64 mib, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, mib);
  g_autofree char *path = bh_home_disk_path (bh_vm_get_id (self));
  BhHomeDisk disk;

  if (bh_home_disk_read (path, &disk, NULL) && disk.size > mib << 20)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "The home can be %" G_GUINT64_FORMAT
                   " MiB already. A home disk can grow, but not shrink.",
                   disk.size >> 20);
      return FALSE;
    }
  return bh_vm_set_key (self, "HomeSize", text, error);
}

gboolean
bh_vm_handle_change_home (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, const char *action,
                          GVariant *options)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;
  Work *work = g_new0 (Work, 1);

  work->vm = g_object_ref (self);
  work->config = bh_vm_config_ref (self->config);
  work->action = g_strdup (action);
  if (!check (self, action, options, work, &error)
      || (work->mib && !remember_size (self, work->mib, &error)))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      work_free (work);
      return TRUE;
    }
  self->changing_home = g_cancellable_new ();
  work->caller = bh_callers_add (self->callers, BH_WAIT_HOME, on_cancelled, self);
  bh_dbus_vm1_complete_change_home (vm, g_steal_pointer (&invocation),
                                    bh_job_get_path (work->caller->job));
  bh_job_step (work->caller->job, action, "Changing its home");
  task = g_task_new (NULL, self->changing_home, on_changed, NULL);
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, change_in_thread);
  return TRUE;
}

static GVariant *
list_snapshots (const char *path)
{
  g_autoptr (GPtrArray) all = bh_home_disk_list_snapshots (path, NULL);
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(sxt)"));
  for (guint i = 0; all && i < all->len; i++)
    {
      BhHomeSnapshot *one = all->pdata[i];

      g_variant_builder_add (&list, "(sxt)", one->name, one->time, one->size);
    }
  return g_variant_builder_end (&list);
}

gboolean
bh_vm_handle_read_home (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  static const char *const kinds[] = { "none", "disk", "folder" };
  BhVm *self = BH_VM (vm);
  BhHomeKind kind = bh_home_get_kind (self->config);
  g_autofree char *path = bh_home_disk_path (bh_vm_get_id (self));
  g_autoptr (GError) error = NULL;
  GVariantDict dict;
  BhHomeDisk disk;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "kind", "s", kinds[kind]);
  if (kind == BH_HOME_FOLDER)
    g_variant_dict_insert (&dict, "path", "s", bh_vm_config_get (self->config, "Home"));
  /* Also one that the settings do not want any more: it is still there. */
  else if (bh_home_disk_read (path, &disk, &error))
    {
      g_variant_dict_insert (&dict, "path", "s", path);
      g_variant_dict_insert (&dict, "size", "t", disk.size);
      g_variant_dict_insert (&dict, "used", "t", disk.used);
      g_variant_dict_insert (&dict, "encrypted", "b", disk.encrypted);
      g_variant_dict_insert_value (&dict, "snapshots", list_snapshots (path));
    }
  else if (!g_error_matches (error, BH_ERROR, BH_ERROR_NOT_FOUND))
    {
      g_variant_dict_insert (&dict, "path", "s", path);
      g_variant_dict_insert (&dict, "problem", "s", error->message);
    }
  bh_dbus_vm1_complete_read_home (vm, g_steal_pointer (&invocation), g_variant_dict_end (&dict));
  return TRUE;
}
