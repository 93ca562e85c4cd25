/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network of one running AppVM. */
#include "config.h"

#include "bh-network.h"

#include "bh-error.h"
#include "bh-net-links.h"
#include "bh-nic.h"
#include "bh-passt.h"
#include "bh-plug.h"

#include <unistd.h>

/* Until a provider's guest has set up a client's link; it may have to load modules first. */
#define CLIENT_SECONDS 90

struct _BhNetwork
{
  GObject parent;
  BhVmConfig *config;
  char *id, *uuid;
  BhHypervisor *hypervisor;
  guint places;       /* for them in the machine */
  GPtrArray *nics;    /* of BhNic */
  GPtrArray *leaving; /* closed, and not out of the machine yet */
  BhProxyLink *link;
  GTask *starting;
  guint waiting;
  GError *error;
  gboolean up, over;
};

static void bh_network_part_init (BhPartInterface *iface);

G_DEFINE_TYPE_WITH_CODE (BhNetwork, bh_network, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (BH_TYPE_PART, bh_network_part_init))

gboolean
bh_network_check (BhVmConfig *config, GError **error)
{
  g_autoptr (GPtrArray) specs = bh_net_spec_list (config, error);

  for (guint i = 0; specs && i < specs->len; i++)
    if (((BhNetSpec *) specs->pdata[i])->mode == BH_NET_INTERNET && !bh_passt_check (error))
      return FALSE;
  return specs && bh_net_links_check (bh_net_links_get (), config, error);
}

/* Interfaces. */

static void
on_nic_notice (BhNic *nic, const char *text, BhNetwork *self)
{
  bh_part_emit_notice (BH_PART (self), text);
}

static void update (BhNetwork *self);

static void
on_nic_changed (BhNic *nic, BhNetwork *self)
{
  guint index;

  if (!bh_nic_is_busy (nic) && g_ptr_array_find (self->leaving, nic, &index))
    {
      g_signal_handlers_disconnect_by_data (nic, self);
      g_ptr_array_remove_index (self->leaving, index);
      update (self); /* its place is free */
    }
  if (!self->over)
    bh_part_emit_changed (BH_PART (self));
}

static gboolean
is_free (BhNetwork *self, guint slot)
{
  for (guint i = 0; i < self->nics->len; i++)
    if (bh_nic_get_slot (self->nics->pdata[i]) == slot)
      return FALSE;
  for (guint i = 0; i < self->leaving->len; i++)
    if (bh_nic_get_slot (self->leaving->pdata[i]) == slot)
      return FALSE;
  return TRUE;
}

/* Own interfaces from the first on, those of clients from the last. -1: none is free. */
static int
find_slot (BhNetwork *self, gboolean client)
{
  for (int i = 0; i < (int) self->places; i++)
    {
      int slot = client ? (int) self->places - 1 - i : i;

      if (is_free (self, (guint) slot))
        return slot;
    }
  return -1;
}

static BhPartMachine
machine_of (BhNetwork *self)
{
  return (BhPartMachine){
    .id = self->id, .uuid = self->uuid, .nics = self->places, .hypervisor = self->hypervisor
  };
}

/* Why there is no place for one more; and that a next start may have more, when the settings ask for it. */
static const char *
why_no_place (BhNetwork *self)
{
  return self->places < BH_PLUG_SLOTS
             ? "This AppVM was started with places for fewer network interfaces. It gets another one when it is "
               "started the next time."
             : "This AppVM has as many network interfaces as it can have, those of AppVMs that use its "
               "network among them. Stop one of these, and change its network again.";
}

static void
add_nic (BhNetwork *self, BhNic *nic)
{
  g_signal_connect (nic, "notice", G_CALLBACK (on_nic_notice), self);
  g_signal_connect (nic, "changed", G_CALLBACK (on_nic_changed), self);
  g_ptr_array_add (self->nics, nic);
  if (self->link)
    bh_nic_set_link (nic, self->link);
}

static void
remove_nic (BhNetwork *self, BhNic *nic, gboolean unplug)
{
  g_autoptr (BhNic) alive = g_object_ref (nic);

  g_ptr_array_remove (self->nics, nic);
  bh_nic_close (nic, unplug);
  if (bh_nic_is_busy (nic))
    g_ptr_array_add (self->leaving, g_steal_pointer (&alive));
  else
    g_signal_handlers_disconnect_by_data (nic, self);
}

static void
set_up (BhNetwork *self, gboolean up)
{
  if (self->up == up)
    return;
  self->up = up;
  bh_net_links_set_provider (bh_net_links_get (), self->id, up ? self : NULL);
}

static void
maybe_started (BhNetwork *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->waiting > 0 || !self->starting)
    return;
  task = g_steal_pointer (&self->starting);
  if (self->over && !self->error)
    self->error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  if (self->error)
    {
      g_task_return_error (task, g_steal_pointer (&self->error));
      return;
    }
  set_up (self, TRUE);
  g_task_return_boolean (task, TRUE);
}

static void
on_nic_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNetwork) self = BH_NETWORK (data);
  g_autoptr (GError) error = NULL;
  BhNic *nic = BH_NIC (source);

  self->waiting--;
  if (!bh_nic_start_finish (nic, result, &error) && !self->over)
    {
      if (self->starting)
        {
          if (!self->error)
            self->error = g_steal_pointer (&error);
        }
      else if (!g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED))
        bh_part_emit_notice (BH_PART (self), error->message);
      if (g_ptr_array_find (self->nics, nic, NULL))
        remove_nic (self, nic, TRUE);
    }
  maybe_started (self);
  if (!self->over)
    bh_part_emit_changed (BH_PART (self));
}

static gboolean
has_spec (GPtrArray *specs, const BhNetSpec *wanted, guint *index)
{
  for (guint i = 0; i < specs->len; i++)
    if (g_str_equal (((BhNetSpec *) specs->pdata[i])->name, wanted->name))
      {
        *index = i;
        return TRUE;
      }
  return FALSE;
}

/* Make what is there what the settings ask for. */
static void
update (BhNetwork *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) specs = NULL;
  BhPartMachine machine = machine_of (self);

  if (self->over || !self->uuid)
    return;
  specs = bh_net_spec_list (self->config, &error);
  if (!specs)
    {
      /* Nothing rather than something else. */
      specs = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_net_spec_free);
      bh_part_emit_notice (BH_PART (self), error->message);
    }
  for (guint i = self->nics->len; i > 0; i--)
    {
      BhNic *nic = self->nics->pdata[i - 1];
      guint index;

      if (bh_nic_is_client (nic))
        continue;
      if (has_spec (specs, bh_nic_get_spec (nic), &index)
          && bh_nic_update (nic, specs->pdata[index]))
        g_ptr_array_remove_index (specs, index);
      else
        remove_nic (self, nic, TRUE);
    }
  for (guint i = 0; i < specs->len; i++)
    {
      int slot = find_slot (self, FALSE);
      BhNic *nic;

      if (slot < 0)
        {
          /* Otherwise: until one that leaves is out. */
          if (self->leaving->len == 0)
            bh_part_emit_notice (BH_PART (self), why_no_place (self));
          return;
        }
      nic = bh_nic_new (&machine, (guint) slot, specs->pdata[i]);
      add_nic (self, nic);
      self->waiting++;
      bh_nic_start_async (nic, on_nic_started, g_object_ref (self));
    }
}

/* The part. */

gboolean
bh_network_needs_more (BhVmConfig *config, guint nics)
{
  g_autoptr (GPtrArray) specs = bh_net_spec_list (config, NULL);

  return (specs && specs->len >= nics)
         || bh_net_links_has_users (bh_net_links_get (), bh_vm_config_get_id (config));
}

static void
take_machine (BhNetwork *self, const BhPartMachine *machine)
{
  self->uuid = g_strdup (machine->uuid);
  self->places = machine->nics;
  self->hypervisor = g_object_ref (machine->hypervisor);
}

static void
start_async (BhPart *part, const BhPartMachine *machine, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer data)
{
  BhNetwork *self = BH_NETWORK (part);
  GError *error = NULL;

  self->starting = g_task_new (self, NULL, callback, data);
  if (!bh_network_check (self->config, &error))
    {
      g_autoptr (GTask) task = g_steal_pointer (&self->starting);

      g_task_return_error (task, error);
      return;
    }
  take_machine (self, machine);
  self->waiting++;
  update (self);
  self->waiting--;
  maybe_started (self);
}

static gboolean
start_finish (BhPart *part, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_adopted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNetwork) self = BH_NETWORK (data);
  g_autoptr (GError) error = NULL;

  if (!bh_plug_out_finish (result, &error))
    g_message ("%s: %s", self->id, error->message);
  if (self->over)
    return;
  update (self);
  set_up (self, TRUE);
}

/* The gates have ended with the service before, and QEMU has interfaces that lead nowhere. */
static void
adopt (BhPart *part, const BhPartMachine *machine)
{
  BhNetwork *self = BH_NETWORK (part);
  g_autofree char *uuid = g_strdup (machine->uuid);

  self->hypervisor = g_object_ref (machine->hypervisor);
  self->uuid = g_strdup (uuid);
  self->places = machine->nics;
  self->waiting = 0;
  bh_plug_out_async (self->hypervisor, self->uuid, -1, on_adopted, g_object_ref (self));
}

static void
attached (BhPart *part, BhProxyLink *link)
{
  BhNetwork *self = BH_NETWORK (part);

  g_set_object (&self->link, link);
  for (guint i = 0; i < self->nics->len; i++)
    bh_nic_set_link (self->nics->pdata[i], link);
}

static void
detached (BhPart *part)
{
  BhNetwork *self = BH_NETWORK (part);

  g_clear_object (&self->link);
  for (guint i = 0; i < self->nics->len; i++)
    bh_nic_set_link (self->nics->pdata[i], NULL);
}

static void
changed (BhPart *part, BhVmConfig *config)
{
  BhNetwork *self = BH_NETWORK (part);

  bh_vm_config_ref (config);
  bh_vm_config_unref (self->config);
  self->config = config;
  update (self);
}

static void
stop (BhPart *part)
{
  BhNetwork *self = BH_NETWORK (part);

  self->over = TRUE;
  set_up (self, FALSE);
  while (self->nics->len > 0)
    remove_nic (self, self->nics->pdata[self->nics->len - 1], FALSE);
}

static GVariant *
describe (BhPart *part)
{
  static const char *const in_use[] = { "network" };
  BhNetwork *self = BH_NETWORK (part);
  GVariantBuilder list;
  GVariantDict dict;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->nics->len; i++)
    g_variant_builder_add_value (&list, bh_nic_describe (self->nics->pdata[i]));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "interfaces", g_variant_builder_end (&list));
  if (self->nics->len > 0)
    g_variant_dict_insert_value (&dict, "in-use", g_variant_new_strv (in_use, 1));
  return g_variant_dict_end (&dict);
}

static void
bh_network_part_init (BhPartInterface *iface)
{
  iface->name = BH_NETWORK_PART;
  iface->start_async = start_async;
  iface->start_finish = start_finish;
  iface->adopt = adopt;
  iface->attached = attached;
  iface->detached = detached;
  iface->changed = changed;
  iface->stop = stop;
  iface->abandon = stop;
  iface->describe = describe;
}

/* Clients. */

typedef struct
{
  BhNetwork *network;
  BhNic *nic;
  GTask *task;
  gboolean plugged;
  guint limit;
} Client;

/* Takes @error. */
static void
client_done (Client *client, GError *error)
{
  g_clear_handle_id (&client->limit, g_source_remove);
  g_signal_handlers_disconnect_by_data (client->nic, client);
  if (error)
    {
      if (g_ptr_array_find (client->network->nics, client->nic, NULL))
        remove_nic (client->network, client->nic, TRUE);
      g_task_return_error (client->task, error);
    }
  else
    g_task_return_int (client->task, (gssize) bh_nic_get_slot (client->nic));
  g_object_unref (client->task);
  g_object_unref (client->nic);
  g_object_unref (client->network);
  g_free (client);
}

static void
on_client_guest (BhNic *nic, gboolean good, const char *detail, Client *client)
{
  client_done (client, good ? NULL
                            : g_error_new (BH_ERROR, BH_ERROR_NO_NETWORK, "“%s” says: %s",
                                           client->network->id, detail));
}

static gboolean
client_over (gpointer data)
{
  Client *client = data;

  client->limit = 0;
  client_done (client,
               g_error_new (BH_ERROR, BH_ERROR_NO_NETWORK,
                            "“%s” has not set up the link to it in time", client->network->id));
  return G_SOURCE_REMOVE;
}

static void
on_client_started (GObject *source, GAsyncResult *result, gpointer data)
{
  Client *client = data;
  GError *error = NULL;

  if (!bh_nic_start_finish (BH_NIC (source), result, &error))
    {
      client_done (client, error);
      return;
    }
  client->limit = g_timeout_add_seconds (CLIENT_SECONDS, client_over, client);
  g_signal_connect (client->nic, "guest", G_CALLBACK (on_client_guest), client);
}

void
bh_network_add_client_async (BhNetwork *self, const char *id, int fd, int number,
                             GAsyncReadyCallback callback, gpointer data)
{
  BhPartMachine machine = machine_of (self);
  int slot = find_slot (self, TRUE);
  GTask *task = g_task_new (self, NULL, callback, data);
  Client *client;

  if (slot < 0)
    {
      close (fd);
      g_task_return_new_error (task, BH_ERROR, BH_ERROR_LIMIT_REACHED,
                               self->places < BH_PLUG_SLOTS
                                   ? "“%s” was started before it was to give its network to so many AppVMs. Stop and "
                                     "start it."
                                   : "Too many AppVMs use the network of “%s” already",
                               self->id);
      g_object_unref (task);
      return;
    }
  client = g_new0 (Client, 1);
  client->network = g_object_ref (self);
  client->task = task;
  client->nic = g_object_ref (bh_nic_new_client (&machine, (guint) slot, id, fd, number));
  add_nic (self, client->nic);
  bh_nic_start_async (client->nic, on_client_started, client);
}

int
bh_network_add_client_finish (BhNetwork *self, GAsyncResult *result, GError **error)
{
  gboolean failed = g_task_had_error (G_TASK (result));
  gssize slot = g_task_propagate_int (G_TASK (result), error);

  return failed ? -1 : (int) slot;
}

void
bh_network_remove_client (BhNetwork *self, guint slot)
{
  for (guint i = 0; i < self->nics->len; i++)
    if (bh_nic_get_slot (self->nics->pdata[i]) == slot && bh_nic_is_client (self->nics->pdata[i]))
      {
        remove_nic (self, self->nics->pdata[i], TRUE);
        return;
      }
}

/* Reports. */

typedef struct
{
  guint waiting;
  GPtrArray *reports; /* of GVariant */
} Report;

static void
report_free (gpointer data)
{
  Report *report = data;

  g_ptr_array_unref (report->reports);
  g_free (report);
}

static void
maybe_reported (GTask *task)
{
  Report *report = g_task_get_task_data (task);

  if (report->waiting > 0)
    return;
  g_task_return_pointer (task,
                         g_variant_ref_sink (g_variant_new_array (
                             G_VARIANT_TYPE_VARDICT, (GVariant *const *) report->reports->pdata,
                             report->reports->len)),
                         (GDestroyNotify) g_variant_unref);
}

static void
on_nic_report (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Report *report = g_task_get_task_data (task);

  g_ptr_array_add (report->reports, bh_nic_report_finish (BH_NIC (source), result));
  report->waiting--;
  maybe_reported (task);
}

void
bh_network_report_async (BhNetwork *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  Report *report = g_new0 (Report, 1);

  report->reports = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_task_set_task_data (task, report, report_free);
  report->waiting = self->nics->len + 1;
  for (guint i = 0; i < self->nics->len; i++)
    bh_nic_report_async (self->nics->pdata[i], on_nic_report, g_object_ref (task));
  report->waiting--;
  maybe_reported (task);
}

GVariant *
bh_network_report_finish (BhNetwork *self, GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

/* Object. */

static void
bh_network_finalize (GObject *object)
{
  BhNetwork *self = BH_NETWORK (object);

  stop (BH_PART (self));
  for (guint i = 0; i < self->leaving->len; i++)
    g_signal_handlers_disconnect_by_data (self->leaving->pdata[i], self);
  g_ptr_array_unref (self->nics);
  g_ptr_array_unref (self->leaving);
  g_clear_object (&self->link);
  g_clear_object (&self->hypervisor);
  g_clear_error (&self->error);
  bh_vm_config_unref (self->config);
  g_free (self->id);
  g_free (self->uuid);
  G_OBJECT_CLASS (bh_network_parent_class)->finalize (object);
}

static void
bh_network_class_init (BhNetworkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_network_finalize;
}

static void
bh_network_init (BhNetwork *self)
{
  self->nics = g_ptr_array_new_with_free_func (g_object_unref);
  self->leaving = g_ptr_array_new_with_free_func (g_object_unref);
}

BhPart *
bh_network_new (BhVmConfig *config)
{
  BhNetwork *self = g_object_new (BH_TYPE_NETWORK, NULL);

  self->config = bh_vm_config_ref (config);
  self->id = g_strdup (bh_vm_config_get_id (config));
  return BH_PART (self);
}
