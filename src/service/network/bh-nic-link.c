/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network interface that leads to another AppVM: QEMU – bulkhead-netgate – the other QEMU. Its frames never come near
 * this computer's own network. */
#include "config.h"

#include "bh-nic-private.h"

#include "bh-error.h"
#include "bh-net-links.h"
#include "bh-net-policy.h"
#include "bh-network.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Four IPv4 addresses and a network of IPv6 addresses for each link. */
#define LINK4 "10.138.%u.%u"
#define LINK6 "fd62:756c:6b69:%x::%u"

static char **
addresses_of (int number, gboolean provider, gboolean lengths)
{
  char **out = g_new0 (char *, 3);
  guint n = (guint) number * 4 + (provider ? 1 : 2);

  out[0] = g_strdup_printf (LINK4 "%s", n / 256, n % 256, lengths ? "/30" : "");
  out[1] = g_strdup_printf (LINK6 "%s", (guint) number, provider ? 1 : 2, lengths ? "/64" : "");
  return out;
}

char **
bh_net_link_addresses (int number, gboolean provider)
{
  return addresses_of (number, provider, TRUE);
}

static void
set_policy (BhNic *self)
{
  g_auto (GStrv) guest = addresses_of (self->number, FALSE, FALSE);
  BhNetPolicy policy = { .lan = self->spec->lan,
                         .mac = self->mac,
                         .guest = (const char *const *) guest,
                         .gateway = (const char *const *) self->plan.gateways,
                         .servers = (const char *const *) self->plan.servers };
  g_autofree char *text = bh_net_policy_write (&policy, self->host);

  bh_netgate_set_policy (self->gate, text);
}

static void
make_plan (BhNic *self)
{
  bh_nic_plan_clear (&self->plan);
  self->plan.mtu = BH_NET_LINK_MTU;
  self->plan.addresses = bh_net_link_addresses (self->number, FALSE);
  self->plan.gateways = addresses_of (self->number, TRUE, FALSE);
  /* The provider has questions for names sent on to the server it asks itself. */
  self->plan.servers =
      *self->spec->servers ? g_strdupv (self->spec->servers) : g_strdupv (self->plan.gateways);
  set_policy (self);
}

static void
wait_for_provider (BhNic *self)
{
  g_autofree char *text =
      g_strdup_printf ("No network for now: the AppVM “%s”, whose network it uses, is not running.",
                       self->spec->via);

  bh_nic_set_state (self, BH_NIC_WAITING, text);
}

typedef struct
{
  BhNic *nic;
  int fd; /* the gate's side */
} Link;

static void
on_client_added (GObject *source, GAsyncResult *result, gpointer data)
{
  Link *link = data;
  g_autoptr (BhNic) self = link->nic;
  int fd = link->fd, slot;
  GError *error = NULL;

  g_free (link);
  slot = bh_network_add_client_finish (BH_NETWORK (source), result, &error);
  if (self->closed || slot < 0)
    {
      close (fd);
      if (slot >= 0)
        bh_network_remove_client (BH_NETWORK (source), (guint) slot);
      self->linked = FALSE;
      if (!error)
        error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
      bh_nic_started (self, error);
      return;
    }
  self->provider_slot = (guint) slot;
  bh_netgate_set_network (self->gate, fd);
  if (self->starting && !self->plugged)
    bh_nic_plug_in (self, BH_PLUG_STREAM, g_steal_fd (&self->fd));
  else
    bh_nic_set_state (self, BH_NIC_ON, NULL);
}

static void
link_up (BhNic *self)
{
  BhNetwork *provider = bh_net_links_get_provider (bh_net_links_get (), self->spec->via);
  Link *link;
  int fds[2];

  if (!provider || self->linked || self->closed)
    return;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      GError *error = NULL;

      bh_error_set_from_errno (&error, errno, "Cannot make a socket");
      bh_nic_started (self, error);
      return;
    }
  self->linked = TRUE;
  link = g_new (Link, 1);
  *link = (Link){ g_object_ref (self), fds[0] };
  bh_network_add_client_async (provider, self->id, fds[1], self->number, on_client_added, link);
}

static void
on_provider (BhNetLinks *links, const char *id, BhNic *self)
{
  if (self->closed || !g_str_equal (id, self->spec->via))
    return;
  if (bh_net_links_get_provider (links, id))
    {
      link_up (self);
      return;
    }
  self->linked = FALSE;
  bh_netgate_set_network (self->gate, -1);
  if (!self->starting)
    wait_for_provider (self);
}

static void
on_start_failed (BhNetLinks *links, const char *id, const char *message, BhNic *self)
{
  if (!self->closed && self->starting && g_str_equal (id, self->spec->via))
    bh_nic_started (self,
                    g_error_new (BH_ERROR, BH_ERROR_NO_NETWORK,
                                 "“%s”, whose network it uses, does not start: %s", id, message));
}

void
bh_nic_link_start (BhNic *self)
{
  BhNetLinks *links = bh_net_links_get ();
  GError *error = NULL;

  self->number = bh_net_links_take_number (links);
  if (self->number < 0)
    error =
        g_error_new (BH_ERROR, BH_ERROR_LIMIT_REACHED, "There are too many links between AppVMs");
  if (error || !bh_nic_make_gate (self, &error))
    {
      bh_nic_started (self, error);
      return;
    }
  make_plan (self);
  bh_net_links_add_client (links, self->spec->via, self->id);
  g_signal_connect_object (links, "provider", G_CALLBACK (on_provider), self, 0);
  g_signal_connect_object (links, "start-failed", G_CALLBACK (on_start_failed), self, 0);
  if (bh_net_links_get_provider (links, self->spec->via))
    link_up (self);
  else
    bh_net_links_start (links, self->spec->via, self->id);
}

void
bh_nic_link_refresh (BhNic *self)
{
  if (!self->gate)
    return;
  make_plan (self);
  bh_nic_tell_guest (self);
}

void
bh_nic_link_close (BhNic *self)
{
  BhNetLinks *links = bh_net_links_get ();
  BhNetwork *provider;

  if (self->is_client || self->number < 0)
    return;
  bh_net_links_remove_client (links, self->spec->via, self->id);
  bh_net_links_give_number (links, self->number);
  self->number = -1;
  provider = bh_net_links_get_provider (links, self->spec->via);
  if (provider && self->linked && self->provider_slot < BH_PLUG_SLOTS)
    bh_network_remove_client (provider, self->provider_slot);
  self->linked = FALSE;
}
