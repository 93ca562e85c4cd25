/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One network interface of a running AppVM: its life, whatever is behind it. */
#include "config.h"

#include "bh-nic-private.h"

#include "bh-dbus-proxy.h"
#include "bh-error.h"
#include "bh-log.h"

#include <unistd.h>

#define SOON_MS 1000

G_DEFINE_TYPE (BhNic, bh_nic, G_TYPE_OBJECT)

enum
{
  NOTICE,
  CHANGED,
  GUEST,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* State. */

void
bh_nic_set_state (BhNic *self, BhNicState state, const char *detail)
{
  gboolean same = self->state == state && g_strcmp0 (self->detail, detail) == 0;

  g_clear_handle_id (&self->soon, g_source_remove);
  if (same)
    return;
  self->state = state;
  g_free (self->detail);
  self->detail = g_strdup (detail);
  if (self->closed)
    return;
  if (detail)
    {
      bh_log_line (self->id, "network %s: %s", self->spec->name, detail);
      if (state == BH_NIC_FAILED)
        g_signal_emit (self, signals[NOTICE], 0, detail);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
set_state_now (gpointer data)
{
  BhNic *self = data;

  self->soon = 0;
  bh_nic_set_state (self, self->soon_state, self->soon_detail);
  return G_SOURCE_REMOVE;
}

void
bh_nic_set_state_soon (BhNic *self, BhNicState state, const char *detail)
{
  /* The worse of two stays. */
  if (self->closed || (self->soon && self->soon_state == BH_NIC_FAILED))
    return;
  g_clear_handle_id (&self->soon, g_source_remove);
  self->soon_state = state;
  g_free (self->soon_detail);
  self->soon_detail = g_strdup (detail);
  self->soon = g_timeout_add (SOON_MS, set_state_now, self);
}

void
bh_nic_plan_clear (BhNicPlan *plan)
{
  g_strfreev (plan->addresses);
  g_strfreev (plan->gateways);
  g_strfreev (plan->routes);
  g_strfreev (plan->servers);
  *plan = (BhNicPlan){ 0 };
}

char **
bh_nic_strip_lengths (char **addresses)
{
  char **out = g_strdupv (addresses);

  for (char **p = out; p && *p; p++)
    {
      char *slash = strchr (*p, '/');

      if (slash)
        *slash = '\0';
    }
  return out;
}

/* The guest. */

static void
add_list (GVariantDict *dict, const char *key, char **list)
{
  static const char *const none[] = { NULL };

  g_variant_dict_insert_value (dict, key,
                               g_variant_new_strv (list ? (const char *const *) list : none, -1));
}

void
bh_nic_tell_guest (BhNic *self)
{
  GVariantDict dict;

  if (!self->link || self->closed || !self->plugged || !self->plan.addresses)
    return;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "mac", "s", self->mac);
  g_variant_dict_insert (&dict, "name", "s", self->spec->name);
  g_variant_dict_insert (&dict, "mtu", "u", self->plan.mtu);
  g_variant_dict_insert (&dict, "client", "b", self->plan.client);
  g_variant_dict_insert (&dict, "dhcp", "b", self->plan.dhcp);
  add_list (&dict, "addresses", self->plan.addresses);
  add_list (&dict, "gateways", self->plan.gateways);
  add_list (&dict, "routes", self->plan.routes);
  add_list (&dict, "servers", self->plan.servers);
  bh_dbus_proxy1_call_set_network (bh_proxy_link_get_proxy (self->link), self->slot,
                                   g_variant_dict_end (&dict), NULL, NULL, NULL);
}

static void
on_network_state (BhDbusProxy1 *proxy, guint slot, guint status, const char *detail, BhNic *self)
{
  g_autofree char *text = NULL;

  if (slot != self->slot)
    return;
  g_signal_emit (self, signals[GUEST], 0, status == 0, detail);
  if (status == 0)
    {
      bh_log_line (self->id, "network %s: the guest has it", self->spec->name);
      return;
    }
  /* The words are the guest's, and say so. */
  text = g_strdup_printf ("“%s” says about its network: %s", self->id, detail);
  bh_log_line (self->id, "%s", text);
  g_signal_emit (self, signals[NOTICE], 0, text);
}

void
bh_nic_set_link (BhNic *self, BhProxyLink *link)
{
  if (self->link)
    {
      g_clear_signal_handler (&self->link_signal, bh_proxy_link_get_proxy (self->link));
      g_clear_object (&self->link);
    }
  if (!link || self->closed)
    return;
  self->link = g_object_ref (link);
  self->link_signal = g_signal_connect (bh_proxy_link_get_proxy (link), "network-state",
                                        G_CALLBACK (on_network_state), self);
  bh_nic_tell_guest (self);
}

/* The machine. */

void
bh_nic_started (BhNic *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->starting);
  g_autoptr (GError) owned = error;

  if (!task)
    {
      if (owned && !self->closed)
        bh_nic_set_state (self, BH_NIC_FAILED, owned->message);
      return;
    }
  if (!owned && self->closed)
    owned = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  if (owned)
    {
      bh_nic_set_state (self, BH_NIC_OFF, NULL);
      g_task_return_error (task, g_steal_pointer (&owned));
      return;
    }
  if (self->state == BH_NIC_STARTING)
    bh_nic_set_state (self, BH_NIC_ON, NULL);
  bh_nic_tell_guest (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_plugged_out (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNic) self = BH_NIC (data);
  g_autoptr (GError) error = NULL;

  self->unplugging = FALSE;
  if (!bh_plug_out_finish (result, &error))
    g_message ("%s: network interface %u: %s", self->id, self->slot, error->message);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
plug_out (BhNic *self)
{
  self->plugged = FALSE;
  self->unplugging = TRUE;
  bh_plug_out_async (self->hypervisor, self->uuid, (int) self->slot, on_plugged_out,
                     g_object_ref (self));
}

static void
on_plugged_in (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNic) self = BH_NIC (data);
  g_autoptr (GError) error = NULL;
  gboolean good = bh_plug_in_finish (result, &error);

  self->plugging = FALSE;
  if (!self->closed)
    self->plugged = good;
  else if (self->unplugging)
    plug_out (self); /* closed while it went in */
  if (error)
    g_prefix_error (&error, "The network interface %s could not be plugged in: ", self->spec->name);
  bh_nic_started (self, g_steal_pointer (&error));
}

void
bh_nic_plug_in (BhNic *self, BhPlugKind kind, int fd)
{
  self->plugging = TRUE;
  bh_plug_in_async (self->hypervisor, self->uuid, self->slot, kind, fd, self->mac, self->plan.mtu,
                    on_plugged_in, g_object_ref (self));
}

static void
on_gate_ended (BhNetgate *gate, const char *how, BhNic *self)
{
  g_autofree char *text =
      g_strdup_printf ("The network's gate of “%s” %s. Nothing passes any more; set "
                       "its network to none and back to have it again.",
                       self->id, how);

  bh_nic_set_state_soon (self, BH_NIC_FAILED, text);
}

gboolean
bh_nic_make_gate (BhNic *self, GError **error)
{
  self->gate = bh_netgate_new (self->id, &self->fd, error);
  if (!self->gate)
    return FALSE;
  g_signal_connect (self->gate, "ended", G_CALLBACK (on_gate_ended), self);
  return TRUE;
}

/* Life. */

static void
on_host_changed (BhHostNetworkWatch *watch, BhNic *self)
{
  g_autoptr (BhHostNetwork) now = bh_host_network_read ();

  if (self->closed || self->is_client || bh_host_network_equal (self->host, now))
    return;
  bh_host_network_free (self->host);
  self->host = g_steal_pointer (&now);
  if (self->spec->mode == BH_NET_INTERNET)
    bh_nic_internet_refresh (self);
  else if (self->spec->mode == BH_NET_VM)
    bh_nic_link_refresh (self);
  else
    bh_nic_tap_refresh (self);
}

void
bh_nic_start_async (BhNic *self, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (self->state == BH_NIC_NEW);
  self->starting = g_task_new (self, NULL, callback, data);
  bh_nic_set_state (self, BH_NIC_STARTING, NULL);
  if (self->is_client)
    {
      int fd = g_steal_fd (&self->fd);

      bh_nic_plug_in (self, BH_PLUG_STREAM, fd);
      return;
    }
  self->host = bh_host_network_read ();
  g_signal_connect_object (bh_host_network_watch_get (), "changed", G_CALLBACK (on_host_changed),
                           self, 0);
  switch (self->spec->mode)
    {
    case BH_NET_INTERNET:
      bh_nic_internet_start (self);
      break;
    case BH_NET_VM:
      bh_nic_link_start (self);
      break;
    case BH_NET_NAT:
    case BH_NET_BRIDGE:
    default:
      bh_nic_tap_start (self);
      break;
    }
}

gboolean
bh_nic_start_finish (BhNic *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
bh_nic_update (BhNic *self, const BhNetSpec *spec)
{
  g_autoptr (BhNetSpec) same = bh_net_spec_copy (spec);

  if (self->closed || self->state == BH_NIC_FAILED || self->state == BH_NIC_STARTING)
    return bh_net_spec_equal (self->spec, spec);
  /* Only these can be changed in place. */
  same->lan = self->spec->lan;
  g_strfreev (same->servers);
  same->servers = g_strdupv (self->spec->servers);
  if (!bh_net_spec_equal (self->spec, same))
    return FALSE;
  if (bh_net_spec_equal (self->spec, spec))
    return TRUE;
  bh_net_spec_free (self->spec);
  self->spec = bh_net_spec_copy (spec);
  if (spec->mode == BH_NET_INTERNET)
    bh_nic_internet_refresh (self);
  else if (spec->mode == BH_NET_VM)
    bh_nic_link_refresh (self);
  else
    bh_nic_tap_refresh (self);
  return TRUE;
}

void
bh_nic_close (BhNic *self, gboolean unplug)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  self->state = BH_NIC_OFF;
  g_clear_handle_id (&self->soon, g_source_remove);
  if (self->gate)
    bh_netgate_close (self->gate);
  bh_nic_internet_close (self);
  bh_nic_link_close (self);
  bh_nic_tap_close (self);
  if (self->fd >= 0)
    close (g_steal_fd (&self->fd));
  if (self->link && unplug)
    bh_dbus_proxy1_call_remove_network (bh_proxy_link_get_proxy (self->link), self->slot, NULL,
                                        NULL, NULL);
  bh_nic_set_link (self, NULL);
  if (self->plugging)
    self->unplugging = unplug; /* on_plugged_in() does it */
  else if (self->starting)
    bh_nic_started (self, NULL);
  else if (unplug && self->plugged)
    plug_out (self);
}

gboolean
bh_nic_is_busy (BhNic *self)
{
  return self->unplugging;
}

guint
bh_nic_get_slot (BhNic *self)
{
  return self->slot;
}

const BhNetSpec *
bh_nic_get_spec (BhNic *self)
{
  return self->spec;
}

gboolean
bh_nic_is_client (BhNic *self)
{
  return self->is_client;
}

/* Telling people. */

static void
describe (BhNic *self, GVariantDict *dict)
{
  static const char *const modes[] = { "internet", "vm", "nat", "bridge" };
  static const char *const states[] = { "starting", "starting", "on", "waiting", "failed", "off" };

  g_variant_dict_insert (dict, "name", "s", self->spec->name);
  g_variant_dict_insert (dict, "mode", "s", self->is_client ? "client" : modes[self->spec->mode]);
  g_variant_dict_insert (dict, "state", "s", states[self->state]);
  g_variant_dict_insert (dict, "detail", "s", self->detail ? self->detail : "");
  g_variant_dict_insert (dict, "via", "s", self->spec->via ? self->spec->via : "");
  g_variant_dict_insert (dict, "lan", "b", self->spec->lan);
  add_list (dict, "addresses", self->plan.addresses);
}

GVariant *
bh_nic_describe (BhNic *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  describe (self, &dict);
  return g_variant_dict_end (&dict);
}

static void
on_report (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GVariant) report = bh_netgate_report_finish (BH_NETGATE (source), result);
  GVariantDict dict;

  g_variant_dict_init (&dict, report);
  describe (g_task_get_source_object (task), &dict);
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_dict_end (&dict)),
                         (GDestroyNotify) g_variant_unref);
}

void
bh_nic_report_async (BhNic *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  if (self->gate && !self->closed)
    bh_netgate_report_async (self->gate, on_report, g_object_ref (task));
  else
    {
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      describe (self, &dict);
      if (!self->closed)
        bh_nic_tap_count (self, &dict);
      g_task_return_pointer (task, g_variant_ref_sink (g_variant_dict_end (&dict)),
                             (GDestroyNotify) g_variant_unref);
    }
}

GVariant *
bh_nic_report_finish (BhNic *self, GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

/* Object. */

static void
bh_nic_finalize (GObject *object)
{
  BhNic *self = BH_NIC (object);

  bh_nic_close (self, FALSE);
  if (self->gate)
    g_signal_handlers_disconnect_by_data (self->gate, self);
  g_clear_object (&self->gate);
  g_clear_object (&self->hypervisor);
  g_clear_pointer (&self->host, bh_host_network_free);
  bh_nic_plan_clear (&self->plan);
  bh_net_spec_free (self->spec);
  g_free (self->id);
  g_free (self->uuid);
  g_free (self->mac);
  g_clear_handle_id (&self->soon, g_source_remove);
  g_free (self->detail);
  g_free (self->soon_detail);
  g_free (self->server4);
  g_free (self->server6);
  g_free (self->way);
  g_free (self->interface);
  G_OBJECT_CLASS (bh_nic_parent_class)->finalize (object);
}

static void
bh_nic_class_init (BhNicClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_nic_finalize;
  signals[NOTICE] = g_signal_new ("notice", BH_TYPE_NIC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHANGED] =
      g_signal_new ("changed", BH_TYPE_NIC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[GUEST] = g_signal_new ("guest", BH_TYPE_NIC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 2, G_TYPE_BOOLEAN, G_TYPE_STRING);
}

static void
bh_nic_init (BhNic *self)
{
  self->fd = self->number = -1;
  self->provider_slot = BH_PLUG_SLOTS;
}

static BhNic *
make (const BhPartMachine *machine, guint slot)
{
  BhNic *self = g_object_new (BH_TYPE_NIC, NULL);

  self->id = g_strdup (machine->id);
  self->uuid = g_strdup (machine->uuid);
  self->hypervisor = g_object_ref (machine->hypervisor);
  self->slot = slot;
  return self;
}

BhNic *
bh_nic_new (const BhPartMachine *machine, guint slot, const BhNetSpec *spec)
{
  BhNic *self = make (machine, slot);

  self->spec = bh_net_spec_copy (spec);
  self->mac = spec->mac ? g_strdup (spec->mac) : bh_net_spec_make_mac (machine->id, "own", slot);
  return self;
}

BhNic *
bh_nic_new_client (const BhPartMachine *machine, guint slot, const char *client, int fd, int number)
{
  BhNic *self = make (machine, slot);
  g_autofree char *name = g_strdup_printf ("client%u", slot);

  self->is_client = TRUE;
  self->fd = fd;
  self->spec = bh_net_spec_new (BH_NET_VM, name);
  self->spec->via = g_strdup (client);
  self->mac = bh_net_spec_make_mac (machine->id, "client", slot);
  self->plan.mtu = BH_NET_LINK_MTU;
  self->plan.client = TRUE;
  self->plan.addresses = bh_net_link_addresses (number, TRUE);
  return self;
}
