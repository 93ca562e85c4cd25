/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network interface of this computer's kernel: QEMU – TAP – nftables, made by bulkhead-helper, which also keeps the guest to
 * its addresses and away from what it may not reach. The TAP goes when this process lets go of it, however that ends. */
#include "config.h"

#include "bh-nic-private.h"

#include "bh-error.h"
#include "bh-helper-link.h"
#include "bh-log.h"

#include <string.h>
#include <unistd.h>

#define MAX_SERVERS 4

/* Name servers as the helper takes them: IPv4, none on this computer's own loopback. None: the guest asks those that
 * DHCP names, which takes that it may reach them. */
static char **
choose_servers (BhNic *self)
{
  g_autoptr (GStrvBuilder) out = g_strv_builder_new ();
  GPtrArray *const lists[] = { self->host->servers, self->host->upstream };
  guint n = 0;

  if (*self->spec->servers)
    return g_strdupv (self->spec->servers);
  for (guint list = 0; list < G_N_ELEMENTS (lists) && n == 0; list++)
    for (guint i = 0; i < lists[list]->len && !(self->spec->dhcp && self->spec->lan); i++)
      {
        const char *server = lists[list]->pdata[i];

        if (!bh_host_network_is_loopback (server) && !strchr (server, ':') && n++ < MAX_SERVERS)
          g_strv_builder_add (out, server);
      }
  if (n == 0 && !self->spec->dhcp)
    bh_log_line (self->id,
                 "network %s: no name server: this computer's answers only itself; name one with "
                 "the key Dns",
                 self->spec->name);
  return g_strv_builder_end (out);
}

static GVariant *
bytes_of (const char *address)
{
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, g_inet_address_to_bytes (parsed),
                                    g_inet_address_get_native_size (parsed), 1);
}

static void
add_changeable (BhNic *self, GVariantDict *options)
{
  GVariantBuilder servers;

  g_variant_builder_init (&servers, G_VARIANT_TYPE ("aay"));
  for (char **server = self->plan.servers; server && *server; server++)
    if (!strchr (*server, ':'))
      g_variant_builder_add_value (&servers, bytes_of (*server));
  g_variant_dict_insert (options, "lan", "b", self->spec->lan);
  g_variant_dict_insert_value (options, "dns", g_variant_builder_end (&servers));
}

static GVariant *
create_arguments (BhNic *self)
{
  gboolean bridge = self->spec->mode == BH_NET_BRIDGE;
  GVariantDict options;
  guint8 mac[6];

  for (guint i = 0; i < 6; i++)
    mac[i] = (guint8) g_ascii_strtoull (self->mac + 3 * i, NULL, 16);
  g_variant_dict_init (&options, NULL);
  if (bridge)
    g_variant_dict_insert (&options, "bridge", "s", self->spec->via);
  for (char **address = self->spec->addresses; *address; address++)
    if (!strchr (*address, ':'))
      {
        g_auto (GStrv) parts = g_strsplit (*address, "/", 2);

        g_variant_dict_insert_value (&options, "address", bytes_of (parts[0]));
        g_variant_dict_insert (&options, "prefix", "u",
                               (guint) g_ascii_strtoull (parts[1], NULL, 10));
        break;
      }
  add_changeable (self, &options);
  return g_variant_new ("(s@ay@a{sv})", bridge ? "bridge" : "nat",
                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, mac, sizeof mac, 1),
                        g_variant_dict_end (&options));
}

/* "10.0.0.2" of ay; NULL when it is not there. */
static char *
read_address (GVariant *network, const char *key)
{
  g_autoptr (GVariant) bytes = g_variant_lookup_value (network, key, G_VARIANT_TYPE_BYTESTRING);
  g_autoptr (GInetAddress) address = NULL;
  gsize n;
  const guint8 *data = bytes ? g_variant_get_fixed_array (bytes, &n, 1) : NULL;

  if (!data || n != 4)
    return NULL;
  address = g_inet_address_new_from_bytes (data, G_SOCKET_FAMILY_IPV4);
  return g_inet_address_to_string (address);
}

/* What the kernel says; its own side's words: what it receives there, the guest has sent. */
void
bh_nic_tap_count (BhNic *self, GVariantDict *report)
{
  static const struct
  {
    const char *key, *file;
  } counters[] = { { "in", "tx_bytes" }, { "out", "rx_bytes" } };

  for (guint i = 0; self->interface && i < G_N_ELEMENTS (counters); i++)
    {
      g_autofree char *path =
          g_build_filename ("/sys/class/net", self->interface, "statistics", counters[i].file, NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        g_variant_dict_insert (report, counters[i].key, "t", g_ascii_strtoull (text, NULL, 10));
    }
}

static void
take_network (BhNic *self, GVariant *network)
{
  g_autofree char *address = read_address (network, "address");
  g_autofree char *gateway = read_address (network, "gateway");
  guint prefix = 0;

  g_free (self->interface);
  self->interface = NULL;
  g_variant_lookup (network, "interface", "s", &self->interface);
  if (self->interface && strchr (self->interface, '/'))
    g_clear_pointer (&self->interface, g_free);
  self->plan.mtu = 1500;
  g_variant_lookup (network, "mtu", "u", &self->plan.mtu);
  self->plan.mtu = CLAMP (self->plan.mtu, 576, 65535);
  self->plan.routes = g_strdupv (self->spec->routes);
  self->plan.dhcp = self->spec->dhcp;
  if (self->spec->mode == BH_NET_NAT && address && gateway
      && g_variant_lookup (network, "prefix", "u", &prefix))
    {
      g_autoptr (GStrvBuilder) one = g_strv_builder_new (), way = g_strv_builder_new ();
      g_autofree char *both = g_strdup_printf ("%s/%u", address, prefix);

      g_strv_builder_add (one, both);
      g_strv_builder_add (way, gateway);
      self->plan.addresses = g_strv_builder_end (one);
      self->plan.gateways = g_strv_builder_end (way);
      return;
    }
  self->plan.addresses = g_strdupv (self->spec->addresses);
  self->plan.gateways = g_strdupv (self->spec->gateways);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNic) self = BH_NIC (data);
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  g_autoptr (GVariant) answer = bh_helper_link_call_finish (result, &fds, &error);
  g_autoptr (GVariant) network = NULL;
  gint32 handle;
  int fd = -1;

  if (answer)
    {
      g_variant_get (answer, "(uh@a{sv})", &self->hold, &handle, &network);
      fd = bh_helper_link_take_fd (fds, handle, &error);
    }
  if (self->closed)
    {
      bh_nic_tap_close (self);
      g_clear_error (&error);
    }
  if (fd < 0 || self->closed)
    {
      if (fd >= 0)
        close (fd);
      if (error)
        g_prefix_error (&error, "No kernel network for “%s”: ", self->id);
      bh_nic_started (self, error);
      return;
    }
  take_network (self, network);
  bh_nic_plug_in (self, BH_PLUG_TAP, fd);
}

void
bh_nic_tap_start (BhNic *self)
{
  self->plan.servers = choose_servers (self);
  self->asking = g_cancellable_new ();
  bh_helper_link_call_async ("CreateTap", create_arguments (self), self->asking, on_created,
                             g_object_ref (self));
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNic) self = BH_NIC (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = bh_helper_link_call_finish (result, NULL, &error);

  if (!answer && !self->closed)
    {
      g_autofree char *text =
          g_strdup_printf ("What the network may reach could not be changed: %s", error->message);

      bh_nic_set_state (self, BH_NIC_FAILED, text);
    }
}

void
bh_nic_tap_refresh (BhNic *self)
{
  GVariantDict options;

  if (!self->hold)
    return;
  g_strfreev (self->plan.servers);
  self->plan.servers = choose_servers (self);
  g_variant_dict_init (&options, NULL);
  add_changeable (self, &options);
  bh_helper_link_call_async ("ChangeTap",
                             g_variant_new ("(u@a{sv})", self->hold, g_variant_dict_end (&options)),
                             NULL, on_changed, g_object_ref (self));
  bh_nic_tell_guest (self);
}

void
bh_nic_tap_close (BhNic *self)
{
  if (self->asking)
    g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  if (self->hold)
    bh_helper_link_release ("DestroyTap", self->hold);
  self->hold = 0;
}
