/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network of an AppVM on the bus, and AppVMs that use each other's. */
#include "config.h"

#include "bh-vm-private.h"

#include "bh-error.h"
#include "bh-net-links.h"
#include "bh-net-spec.h"
#include "bh-network.h"
#include "bh-parts.h"

static void
on_part_changed (BhRun *run, const char *name, BhVm *self)
{
  BhParts *parts = bh_run_get_parts (run);

  if (g_str_equal (name, BH_NETWORK_PART) && parts)
    bh_dbus_vm1_set_network (BH_DBUS_VM1 (self), bh_parts_describe (parts, name));
}

void
bh_vm_network_begun (BhVm *self)
{
  g_signal_connect (self->run, "part-changed", G_CALLBACK (on_part_changed), self);
}

void
bh_vm_network_ended (BhVm *self, const GError *error)
{
  bh_dbus_vm1_set_network (BH_DBUS_VM1 (self),
                           g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  bh_net_links_start_failed (bh_net_links_get (), bh_vm_get_id (self),
                             error ? error->message : "it was stopped");
}

gboolean
bh_vm_network_may_stop (BhVm *self, GError **error)
{
  g_autoptr (GPtrArray) clients = NULL;
  g_autofree char *names = NULL;

  if (!self->run)
    return TRUE;
  clients = bh_net_links_list_clients (bh_net_links_get (), bh_vm_get_id (self));
  if (clients->len == 0)
    return TRUE;
  g_ptr_array_add (clients, NULL);
  names = g_strjoinv ("”, “", (char **) clients->pdata);
  g_set_error (
      error, BH_ERROR, BH_ERROR_BUSY,
      "The network of “%s” is in use by “%s”. Stop those first, or force it: they lose their "
      "network then.",
      bh_vm_get_name (self), names);
  return FALSE;
}

static void
on_report (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMethodInvocation) invocation = data;
  g_autoptr (GVariant) interfaces = bh_network_report_finish (BH_NETWORK (source), result);

  g_dbus_method_invocation_return_value (g_steal_pointer (&invocation),
                                         g_variant_new ("(@aa{sv})", interfaces));
}

gboolean
bh_vm_handle_read_network (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  BhVm *self = BH_VM (vm);
  BhParts *parts = self->run ? bh_run_get_parts (self->run) : NULL;
  BhPart *network = parts ? bh_parts_find (parts, BH_NETWORK_PART) : NULL;

  if (network)
    bh_network_report_async (BH_NETWORK (network), on_report, g_steal_pointer (&invocation));
  else
    bh_dbus_vm1_complete_read_network (vm, g_steal_pointer (&invocation),
                                       g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
  return TRUE;
}

/* All AppVMs. */

static BhVmConfig *
find_config (const char *id, gpointer data)
{
  BhVm *vm = g_hash_table_lookup (data, id);

  return vm ? bh_vm_get_config (vm) : NULL;
}

static gboolean
has_users (const char *id, gpointer data)
{
  GHashTableIter iter;
  gpointer vm;

  g_hash_table_iter_init (&iter, data);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    {
      g_autoptr (GPtrArray) providers = bh_net_spec_list_providers (bh_vm_get_config (vm));

      if (g_ptr_array_find_with_equal_func (providers, id, g_str_equal, NULL))
        return TRUE;
    }
  return FALSE;
}

static void
on_start (BhNetLinks *links, const char *id, const char *client, GHashTable *vms)
{
  BhVm *vm = g_hash_table_lookup (vms, id), *other = g_hash_table_lookup (vms, client);
  const char *display = other && other->run ? bh_run_get_display (other->run) : NULL;
  g_autoptr (GError) error = NULL;

  if (!vm)
    bh_net_links_start_failed (links, id, "there is no such AppVM");
  else if (!bh_vm_start (vm, display, &error))
    bh_net_links_start_failed (links, id, error->message);
}

void
bh_vm_share_networks (GHashTable *vms)
{
  BhNetLinks *links = bh_net_links_get ();

  bh_net_links_set_find (links, find_config, has_users, vms);
  g_signal_connect (links, "start", G_CALLBACK (on_start), vms);
}
