/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network interface to the Internet: QEMU – bulkhead-netgate – passt. */
#include "config.h"

#include "bh-nic-private.h"

#include "bh-net-policy.h"

#include <unistd.h>

#define RETRY_SECONDS 2
#define MAX_RETRY_SECONDS 60

static void start_passt (BhNic *self);

/* Which name servers the guest asks, and how; what passt has to know of them. */
static void
choose_servers (BhNic *self, GPtrArray *servers, GPtrArray *udp_servers)
{
  g_clear_pointer (&self->server4, g_free);
  g_clear_pointer (&self->server6, g_free);
  for (char **server = self->spec->servers; *server; server++)
    g_ptr_array_add (servers, *server);
  for (guint i = 0; i < self->host->servers->len && !*self->spec->servers; i++)
    {
      const char *server = self->host->servers->pdata[i];
      gboolean v6 = strchr (server, ':') != NULL;
      char **place = v6 ? &self->server6 : &self->server4;

      if (!bh_host_network_is_loopback (server))
        g_ptr_array_add (servers, (gpointer) server);
      else if (!*place)
        {
          *place = g_strdup (server);
          g_ptr_array_add (udp_servers, (gpointer) (v6 ? BH_PASST_GATEWAY6 : BH_PASST_GATEWAY4));
        }
    }
  g_ptr_array_add (servers, NULL);
  g_ptr_array_add (udp_servers, NULL);
}

/* From spec and host network to what guest and gate are told. */
static void
make_plan (BhNic *self)
{
  g_autoptr (GPtrArray) servers = g_ptr_array_new (), udp_servers = g_ptr_array_new ();
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) gateways = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) plain = NULL;
  g_autofree char *text = NULL;
  BhNetPolicy policy = { .lan = self->spec->lan, .dhcp = self->spec->dhcp, .mac = self->mac };

  choose_servers (self, servers, udp_servers);
  if (self->host->has_v4)
    {
      g_strv_builder_add (addresses, BH_PASST_ADDRESS4 "/" BH_PASST_LENGTH4);
      g_strv_builder_add (gateways, BH_PASST_GATEWAY4);
    }
  if (self->host->has_v6)
    {
      g_strv_builder_add (addresses, BH_PASST_ADDRESS6 "/" BH_PASST_LENGTH6);
      g_strv_builder_add (gateways, BH_PASST_GATEWAY6);
    }
  g_strv_builder_addv (names, (const char **) udp_servers->pdata);
  g_strv_builder_addv (names, (const char **) servers->pdata);
  bh_nic_plan_clear (&self->plan);
  self->plan.mtu = BH_PASST_MTU;
  self->plan.addresses = g_strv_builder_end (addresses);
  self->plan.gateways = g_strv_builder_end (gateways);
  self->plan.servers = g_strv_builder_end (names);
  plain = bh_nic_strip_lengths (self->plan.addresses);
  policy.guest = (const char *const *) plain;
  policy.gateway = (const char *const *) self->plan.gateways;
  policy.servers = (const char *const *) servers->pdata;
  policy.udp_servers = (const char *const *) udp_servers->pdata;
  text = bh_net_policy_write (&policy, self->host);
  bh_netgate_set_policy (self->gate, text);
}

static void
drop_passt (BhNic *self)
{
  g_clear_handle_id (&self->retry, g_source_remove);
  if (!self->passt)
    return;
  g_signal_handlers_disconnect_by_data (self->passt, self);
  bh_passt_close (self->passt);
  g_clear_object (&self->passt);
}

static gboolean
retry (gpointer data)
{
  BhNic *self = data;

  self->retry = 0;
  start_passt (self);
  return G_SOURCE_REMOVE;
}

static void
on_passt_ended (BhPasst *passt, const char *said, BhNic *self)
{
  guint seconds = MIN (RETRY_SECONDS << MIN (self->failures, 5), MAX_RETRY_SECONDS);
  g_autofree char *text = g_strdup_printf ("No Internet for now: passt says “%s”", said);

  drop_passt (self);
  self->failures++;
  bh_nic_set_state_soon (self, BH_NIC_WAITING, text);
  self->retry = g_timeout_add_seconds (seconds, retry, self);
}

static void
start_passt (BhNic *self)
{
  g_autoptr (GError) error = NULL;
  int network = -1;

  drop_passt (self);
  g_free (self->way);
  self->way = g_strdup (self->host->way);
  bh_netgate_set_network (self->gate, -1);
  if (!self->host->has_v4 && !self->host->has_v6)
    {
      bh_nic_set_state (self, BH_NIC_WAITING, "This computer is not connected to the Internet.");
      return;
    }
  self->passt = bh_passt_new (self->id, self->host, self->server4 != NULL, self->server6 != NULL,
                              self->spec->dhcp, &network, &error);
  if (!self->passt)
    {
      bh_nic_set_state (self, BH_NIC_FAILED, error->message);
      return;
    }
  g_signal_connect (self->passt, "ended", G_CALLBACK (on_passt_ended), self);
  bh_netgate_set_network (self->gate, network);
  if (self->state != BH_NIC_STARTING)
    bh_nic_set_state (self, BH_NIC_ON, NULL);
}

void
bh_nic_internet_start (BhNic *self)
{
  GError *error = NULL;

  if (!bh_passt_check (&error) || !bh_nic_make_gate (self, &error))
    {
      bh_nic_started (self, error);
      return;
    }
  make_plan (self);
  start_passt (self);
  bh_nic_plug_in (self, BH_PLUG_STREAM, g_steal_fd (&self->fd));
}

void
bh_nic_internet_refresh (BhNic *self)
{
  g_autofree char *server4 = NULL, *server6 = NULL;

  if (!self->gate || self->state == BH_NIC_FAILED)
    return;
  server4 = g_strdup (self->server4);
  server6 = g_strdup (self->server6);
  make_plan (self);
  /* Connections through it end with it: only when it must. */
  if (!self->passt || g_strcmp0 (server4, self->server4) != 0
      || g_strcmp0 (server6, self->server6) != 0 || g_strcmp0 (self->way, self->host->way) != 0)
    start_passt (self);
  bh_nic_tell_guest (self);
}

void
bh_nic_internet_close (BhNic *self)
{
  drop_passt (self);
}
