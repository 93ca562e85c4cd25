/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings of an AppVM on the bus, its log, and its deletion. */
#include "config.h"

#include "bh-vm-private.h"

#include "bh-boot-disk.h"
#include "bh-error.h"
#include "bh-home.h"
#include "bh-home-disk.h"
#include "bh-home-key.h"
#include "bh-inbox.h"
#include "bh-log.h"
#include "bh-net-links.h"
#include "bh-paths.h"
#include "bh-shares.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

void
bh_vm_show_config (BhVm *self)
{
  BhDbusVm1 *vm = BH_DBUS_VM1 (self);
  g_auto (GStrv) apps = bh_vm_config_get_list (self->config, "Applications");
  g_auto (GStrv) restart = bh_vm_config_differences (self->started, self->config);

  bh_dbus_vm1_set_name (vm, bh_vm_config_get (self->config, "Name"));
  bh_dbus_vm1_set_color (vm, bh_vm_config_get (self->config, "Color"));
  bh_dbus_vm1_set_applications (vm, (const char *const *) apps);
  bh_dbus_vm1_set_settings (vm, bh_vm_config_to_variant (self->config));
  bh_dbus_vm1_set_problems (vm, bh_vm_config_get_problems (self->config));
  bh_dbus_vm1_set_restart_keys (vm, (const char *const *) restart);
}

void
bh_vm_set_started (BhVm *self, gboolean runs)
{
  static const char *const none[] = { NULL };

  g_clear_pointer (&self->started, bh_vm_config_unref);
  if (runs)
    self->started = bh_vm_config_ref (self->config);
  bh_dbus_vm1_set_restart_keys (BH_DBUS_VM1 (self), none);
}

static void
take_config (BhVm *self, BhVmConfig *config)
{
  bh_vm_config_unref (self->config);
  self->config = bh_vm_config_ref (config);
  bh_vm_show_config (self);
  if (!self->run)
    return;
  bh_run_set_config (self->run, self->config);
  if (self->auto_stop)
    bh_vm_wait_unused (self);
}

void
bh_vm_reload (BhVm *self, BhVmConfig *config)
{
  if (!bh_vm_config_equal (self->config, config))
    take_config (self, config);
}

static gboolean
name_is_taken (BhVm *self, GHashTable *settings, GError **error)
{
  const char *name = g_hash_table_lookup (settings, "Name");
  gboolean taken = FALSE;

  if (name)
    g_signal_emit_by_name (self, "check-name", name, &taken);
  if (taken)
    g_set_error (error, BH_ERROR, BH_ERROR_EXISTS, "There is an AppVM “%s” already", name);
  return taken;
}

gboolean
bh_vm_handle_set (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *settings)
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
  if (bh_vm_check_kept (self, &error))
    config = bh_vm_config_with (self->config, table, &changed, &error);
  if (!config || !bh_net_links_check (bh_net_links_get (), config, &error)
      || name_is_taken (self, table, &error)
      || !bh_shares_check (config, self->config, &error)
      || !bh_home_check (config, self->config, &error)
      || !bh_boot_disk_check (config, self->config, &error) || !bh_vm_config_save (config, path, &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  take_config (self, config);
  for (char **p = changed; *p; p++)
    if (bh_keys_find (*p)->needs_restart && self->run)
      g_ptr_array_add (restart, *p);
  g_ptr_array_add (restart, NULL);
  bh_dbus_vm1_complete_set (vm, g_steal_pointer (&invocation),
                            (const char *const *) restart->pdata);
  return TRUE;
}

gboolean
bh_vm_handle_open_inbox (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (bh_vm_check_kept (self, &error))
    path = bh_inbox_make (self->config, &error);
  if (!path)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  if (self->run)
    bh_run_set_config (self->run, self->config);
  bh_dbus_vm1_complete_open_inbox (vm, g_steal_pointer (&invocation), path);
  return TRUE;
}

gboolean
bh_vm_set_key (BhVm *self, const char *key, const char *value, GError **error)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *path = bh_paths_vm_file (bh_vm_get_id (self));
  g_autoptr (BhVmConfig) config = NULL;

  if (!bh_vm_check_kept (self, error))
    return FALSE;
  g_hash_table_insert (table, g_strdup (key), g_strdup (value));
  config = bh_vm_config_with (self->config, table, NULL, error);
  if (!config || !bh_vm_config_save (config, path, error))
    return FALSE;
  take_config (self, config);
  return TRUE;
}

/* A folder that is its home stays: that is this computer's. */
static void
delete_home (const char *id)
{
  g_autofree char *home = bh_home_disk_path (id);
  g_autoptr (GError) error = NULL;
  BhHomeDisk disk;

  if (bh_home_disk_read (home, &disk, NULL) && disk.encrypted)
    bh_home_key_forget (id);
  if (!bh_home_disk_remove (home, &error))
    g_message ("%s: %s", id, error->message);
  g_clear_error (&error);
  if (!bh_boot_disk_forget (id, &error))
    g_message ("%s: %s", id, error->message);
}

gboolean
bh_vm_discard (BhVm *self, GError **error)
{
  g_autofree char *path = bh_paths_vm_file (bh_vm_get_id (self));
  g_autofree char *inbox = bh_paths_inbox (bh_vm_get_id (self));

  if (g_unlink (path) != 0 && errno != ENOENT)
    {
      bh_error_set_from_errno (error, errno, "Cannot delete %s", path);
      return FALSE;
    }
  delete_home (bh_vm_get_id (self));
  bh_log_delete (bh_vm_get_id (self));
  rmdir (inbox); /* unless there is something in it */
  bh_domain_clean (bh_vm_get_id (self));
  g_signal_emit_by_name (self, "deleted");
  return TRUE;
}

gboolean
bh_vm_handle_delete (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;

  if (self->run)
    {
      g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_BUSY,
                                             "“%s” is running. Stop it first.",
                                             bh_vm_get_name (self));
      return TRUE;
    }
  if (self->disposables > 0)
    {
      g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_BUSY,
                                             "Disposables of “%s” are running. Stop them first.",
                                             bh_vm_get_name (self));
      return TRUE;
    }
  if (bh_vm_home_may_change (self, &error) && bh_vm_discard (self, &error))
    bh_dbus_vm1_complete_delete (vm, g_steal_pointer (&invocation));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

gboolean
bh_vm_handle_read_log (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, guint lines)
{
  g_autofree char *text = NULL;

  if (lines < 1 || lines > 10000)
    {
      g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR,
                                             BH_ERROR_INVALID_ARGUMENT,
                                             "A log has 1 to 10000 lines");
      return TRUE;
    }
  text = bh_log_tail (bh_vm_get_id (BH_VM (vm)), lines);
  bh_dbus_vm1_complete_read_log (vm, g_steal_pointer (&invocation), text);
  return TRUE;
}
