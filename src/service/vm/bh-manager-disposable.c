/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disposables among the AppVMs. */
#include "config.h"

#include "bh-manager-private.h"

#include "bh-disposable.h"
#include "bh-domain.h"
#include "bh-error.h"
#include "bh-inbox.h"
#include "bh-log.h"
#include "bh-paths.h"

#include <string.h>

static BhVm *
add (BhManager *self, BhVmConfig *config, const char *definition)
{
  BhVm *vm = bh_manager_add_vm (self, config, definition);
  BhVm *of = g_hash_table_lookup (self->vms, definition);

  if (of)
    bh_vm_count_disposables (of, 1);
  return vm;
}

/* "Work (1)" */
static char *
make_name (BhVm *definition, guint number)
{
  g_autofree char *ending = g_strdup_printf (" (%u)", number);

  return bh_manager_name_with (bh_vm_get_name (definition), ending);
}

static BhVm *
make (BhManager *self, BhVm *definition, BhVm *asker, GError **error)
{
  for (guint number = 1; number <= BH_DISPOSABLES_MAX; number++)
    {
      g_autofree char *name = make_name (definition, number);
      g_autofree char *id = bh_disposable_make_id (bh_vm_get_id (definition), number);
      g_autoptr (BhVmConfig) config = NULL;

      if (bh_manager_has_id (id, self) || bh_manager_find_name (self, name))
        continue;
      config = bh_disposable_config (bh_vm_get_config (definition), bh_vm_get_config (asker), id,
                                     name, error);
      if (!config || !bh_disposable_remember (config, bh_vm_get_id (definition), error))
        return NULL;
      return add (self, config, bh_vm_get_id (definition));
    }
  g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
               "%d disposables of “%s” run; that is as many as there can be. Close some.",
               BH_DISPOSABLES_MAX, bh_vm_get_name (definition));
  return NULL;
}

GObject *
bh_manager_make_disposable (BhVm *asker, GError **error, BhManager *self)
{
  const char *id = bh_vm_get_definition (asker);
  BhVm *definition = id ? g_hash_table_lookup (self->vms, id) : asker;
  BhVm *vm;

  if (!definition)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                   "The AppVM “%s” is gone, and nothing says what another disposable of it may do",
                   id);
      return NULL;
    }
  if (!bh_manager_has_room (self, error))
    return NULL;
  vm = make (self, definition, asker, error);
  return vm ? G_OBJECT (g_object_ref (vm)) : NULL;
}

void
bh_manager_update_disposables (BhManager *self, BhVm *definition)
{
  GHashTableIter iter;
  gpointer vm;

  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    {
      g_autoptr (BhVmConfig) config = NULL;
      g_autofree char *name = NULL;
      g_autoptr (GError) error = NULL;

      if (g_strcmp0 (bh_vm_get_definition (vm), bh_vm_get_id (definition)) != 0)
        continue;
      name = make_name (definition, bh_disposable_get_number (bh_vm_get_id (vm)));
      config = bh_disposable_config (bh_vm_get_config (definition), bh_vm_get_config (definition),
                                     bh_vm_get_id (vm), name, &error);
      /* With a mistake in the file, what was good before stays. */
      if (!config || bh_vm_config_equal (bh_vm_get_config (vm), config))
        continue;
      if (!bh_disposable_remember (config, bh_vm_get_id (definition), &error))
        g_message ("%s: %s", bh_vm_get_id (vm), error->message);
      bh_vm_reload (vm, config);
    }
}

void
bh_manager_drop_disposable (BhManager *self, BhVm *vm)
{
  BhVm *definition = g_hash_table_lookup (self->vms, bh_vm_get_definition (vm));

  if (definition)
    bh_vm_count_disposables (definition, -1);
}

/* Logs of those that run no more: after a crash of everything, perhaps of the computer. */
static void
clean_logs (BhManager *self, const char *folder, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      const char *begin = g_str_has_prefix (name, prefix) ? name + strlen (prefix) : name;
      g_autofree char *id = g_strndup (begin, strcspn (begin, "."));

      if (bh_disposable_is_id (id) && !bh_manager_has_id (id, self))
        bh_log_delete (id);
    }
}

static void
clean_all_logs (BhManager *self)
{
  g_autofree char *log = bh_paths_log_file ("any");
  g_autofree char *ours = g_path_get_dirname (log);
  g_autofree char *libvirts = bh_log_libvirt_folder ();

  clean_logs (self, ours, "");
  clean_logs (self, libvirts, "bulkhead-");
}

void
bh_manager_find_disposables (BhManager *self)
{
  g_autoptr (GHashTable) found = bh_disposable_list ();
  GHashTableIter iter;
  gpointer id, definition;

  g_hash_table_iter_init (&iter, found);
  while (g_hash_table_iter_next (&iter, &id, &definition))
    {
      g_autoptr (BhVmConfig) config = NULL;

      /* The runtime folder of one that does not run is cleaned as that of any other. */
      if (bh_domain_find_pid (id) > 0 && !bh_manager_has_id (id, self))
        config = bh_disposable_load (id, definition);
      if (config)
        add (self, config, definition);
      else
        bh_disposable_forget (id);
    }
  clean_all_logs (self);
  bh_inbox_clean (bh_manager_has_id, self);
}

void
bh_manager_end_disposables (BhManager *self)
{
  g_autoptr (GPtrArray) vms = bh_manager_list_vms (self);

  for (guint i = 0; i < vms->len; i++)
    if (!bh_vm_is_active (vms->pdata[i]))
      bh_vm_disposable_ended (vms->pdata[i]);
  /* libvirt writes to its own when it finds that they have ended. */
  clean_all_logs (self);
}
