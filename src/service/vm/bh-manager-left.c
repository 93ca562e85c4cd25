/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AppVMs that an earlier service has left. */
#include "config.h"

#include "bh-manager-private.h"

#include "bh-domain.h"
#include "bh-freeze.h"
#include "bh-run-file.h"

#define LOOK_AGAIN_SECONDS 2

static void
on_leftover_destroyed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;

  if (!bh_hypervisor_destroy_finish (BH_HYPERVISOR (source), result, &error))
    {
      g_message ("%s: %s", id, error->message);
      bh_domain_kill (id);
    }
  bh_domain_clean (id);
}

/* Runtime folders of what does not run any more: no process, and none of @domains, all that libvirt knows. */
static void
clean_folders (BhManager *self, GHashTable *domains)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "bulkhead", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      BhVm *vm = g_hash_table_lookup (self->vms, name);

      if ((bh_vm_id_is_valid (name) || g_str_has_prefix (name, BH_FREEZE_PREFIX)
           || g_str_has_prefix (name, BH_POOL_PREFIX))
          && !bh_pool_has (self->pool, name)
          && g_strcmp0 (name, bh_frozen_get_making (self->frozen)) != 0
          && !g_hash_table_contains (domains, name) && bh_domain_find_pid (name) == 0
          && !(vm && bh_vm_is_active (vm)))
        bh_domain_clean (name);
    }
}

/* The AppVM that the domain bulkhead-@id is: its name says that, unless it had waited ahead of time. */
static BhVm *
find_owner (BhManager *self, const char *id, const char *uuid)
{
  GHashTableIter iter;
  gpointer vm;

  if (!g_str_has_prefix (id, BH_POOL_PREFIX))
    return g_hash_table_lookup (self->vms, id);
  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    if (bh_run_file_is_of (bh_vm_get_id (vm), uuid))
      return vm;
  return NULL;
}

void
bh_manager_adopt (BhManager *self)
{
  g_autoptr (GHashTable) found = g_steal_pointer (&self->found);
  GHashTableIter iter;
  gpointer id, uuid;

  if (self->leaving)
    return;
  g_hash_table_iter_init (&iter, found);
  while (g_hash_table_iter_next (&iter, &id, &uuid))
    {
      BhVm *vm = find_owner (self, id, uuid);

      if ((vm && bh_vm_is_active (vm)) || bh_pool_has (self->pool, id)
          || g_strcmp0 (id, bh_frozen_get_making (self->frozen)) == 0)
        continue; /* started meanwhile */
      if (vm && bh_domain_find_pid (bh_vm_get_id (vm)) > 0)
        {
          g_message ("%s runs already", bh_vm_get_id (vm));
          bh_vm_adopt (vm, uuid);
          continue;
        }
      g_message ("Ending the unknown machine bulkhead-%s", (char *) id);
      /* Of one to be frozen there is nothing to be kept: no need to wait for a libvirt that may hang. */
      if (g_str_has_prefix (id, BH_FREEZE_PREFIX))
        bh_domain_kill (id);
      bh_hypervisor_destroy_async (self->hypervisor, uuid, on_leftover_destroyed, g_strdup (id));
    }
  clean_folders (self, found);
  bh_manager_end_disposables (self);
}

static gboolean look (gpointer data);

static void
on_domains (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhManager) self = BH_MANAGER (data);
  g_autoptr (GError) error = NULL;

  self->found = bh_hypervisor_list_finish (BH_HYPERVISOR (source), result, &error);
  if (!self->found)
    {
      g_message ("%s", error->message);
      if (self->look_first)
        self->look_again = g_timeout_add_seconds (LOOK_AGAIN_SECONDS, look, self);
      else /* no AppVM has a process: what is left of them can go without libvirt */
        self->found = g_hash_table_new (g_str_hash, g_str_equal);
    }
  if (self->found && self->begun)
    bh_manager_adopt (self);
  if (self->look_first && !self->begun)
    g_signal_emit_by_name (self, "ready");
}

static gboolean
look (gpointer data)
{
  BhManager *self = data;

  self->look_again = 0;
  bh_hypervisor_list_async (self->hypervisor, on_domains, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static gboolean
any_runs (BhManager *self)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    if (bh_domain_find_pid (id) > 0)
      return TRUE;
  return FALSE;
}

void
bh_manager_look (BhManager *self)
{
  self->look_first = any_runs (self);
  look (self);
  if (!self->look_first)
    g_signal_emit_by_name (self, "ready");
}
