/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guest's network interfaces.
 *
 * The host plugs an interface in and tells its hardware address and settings; either may come first. Nothing
 * is asked for on the link, so that an interface works as soon as it is there; but where its owner wants that, on
 * somebody else's network: then IPv4 comes by DHCP, and IPv6 as its routers tell the kernel. */
#include "bh-network.h"

#include <errno.h>
#include <glib.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-dhcp.h"
#include "bh-forward.h"
#include "bh-rtnetlink.h"

#define SETTLE_MS 2000
#define RESOLV_CONF "/etc/resolv.conf"

typedef struct
{
  BhNetwork *network;
  gboolean wanted, done;
  gboolean given_up; /* no program waits for it any more */
  int told;          /* the host: 1 that it is done, 2 that it is not */
  uint8_t mac[6];
  char *name;
  unsigned mtu, flags;
  char **addresses, **gateways, **routes, **servers;

  /* With DHCP. */
  BhDhcp *dhcp;
  gboolean asking;
  char *leased; /* address with length; NULL */
  char **leased_servers;
} Slot;

struct _BhNetwork
{
  BhLink *link;
  struct wl_event_loop *loop;
  int watch; /* tells when interfaces come */
  struct wl_event_source *source;
  Slot slots[BH_MAX_NETWORKS];
  BhForward *forward;
  gboolean forwards;
};

static void
clear_slot (Slot *slot)
{
  bh_dhcp_free (slot->dhcp);
  g_free (slot->leased);
  g_strfreev (slot->leased_servers);
  g_free (slot->name);
  g_strfreev (slot->addresses);
  g_strfreev (slot->gateways);
  g_strfreev (slot->routes);
  g_strfreev (slot->servers);
  memset (slot, 0, sizeof *slot);
}

static char **
copy_list (const BhList *list)
{
  g_autoptr (GPtrArray) out = g_ptr_array_new ();
  size_t position = 0;
  BhStr item;

  while (bh_list_next (list, &position, &item))
    g_ptr_array_add (out, g_strndup (item.data, item.len));
  g_ptr_array_add (out, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&out), FALSE);
}

/* The index of the interface with @mac, 0 when it is not there. */
static int
find_interface (const uint8_t mac[6], char name[IF_NAMESIZE])
{
  struct if_nameindex *list = if_nameindex ();
  int found = 0;

  for (struct if_nameindex *one = list; one && one->if_index && !found; one++)
    {
      g_autofree char *path = g_strdup_printf ("/sys/class/net/%s/address", one->if_name);
      g_autofree char *text = NULL, *wanted = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      wanted = g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3],
                                mac[4], mac[5]);
      if (!g_str_equal (text, wanted))
        continue;
      found = (int) one->if_index;
      g_strlcpy (name, one->if_name, IF_NAMESIZE);
    }
  if (list)
    if_freenameindex (list);
  return found;
}

static void
write_setting (const char *interface, const char *name, const char *value)
{
  g_autofree char *path = g_strdup_printf ("/proc/sys/net/ipv6/conf/%s/%s", interface, name);
  FILE *file = fopen (path, "we");

  if (!file)
    return; /* a kernel without IPv6 */
  fputs (value, file);
  fclose (file);
}

/* Those that the host names are the ones that can be reached. */
static char **
servers_of (const Slot *slot)
{
  return *slot->servers || !slot->leased_servers ? slot->servers : slot->leased_servers;
}

/* Interfaces of other AppVMs do not count: the servers there are our own. */
static void
write_resolv_conf (BhNetwork *network)
{
  g_autoptr (GString) text =
      g_string_new ("# Written by Bulkhead as the AppVM's network changes.\n");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < BH_MAX_NETWORKS; i++)
    {
      const Slot *slot = &network->slots[i];

      if (slot->wanted && !(slot->flags & BH_NETWORK_CLIENT))
        for (char **server = servers_of (slot); *server; server++)
          g_string_append_printf (text, "nameserver %s\n", *server);
    }
  /* Written anew beside it and renamed. */
  if (!g_file_set_contents_full (RESOLV_CONF, text->str, (gssize) text->len,
                                 G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error))
    g_warning ("network: %s", error->message);
}

static gboolean
add_routes (int fd, int index, const Slot *slot)
{
  for (char **gateway = slot->gateways; *gateway; gateway++)
    {
      BhNetAddress address;

      if (!bh_net_address_read (*gateway, &address)
          || !bh_rtnl_add_route (fd, index, NULL, &address))
        return FALSE;
    }
  for (char **route = slot->routes; *route; route++)
    {
      g_auto (GStrv) parts = g_strsplit (*route, " ", 2);
      BhNetAddress to, gateway;

      if (g_strv_length (parts) != 2 || !bh_net_address_read (parts[0], &to)
          || !bh_net_address_read (parts[1], &gateway)
          || !bh_rtnl_add_route (fd, index, &to, &gateway))
        return FALSE;
    }
  return TRUE;
}

/* The kernel may have given the name to one that is not set up yet. */
static void
free_name (int fd, const Slot *slot, int index)
{
  int other = (int) if_nametoindex (slot->name);
  g_autofree char *name = g_strdup_printf ("waits%d", other);

  if (other > 0 && other != index)
    {
      bh_rtnl_set_link (fd, other, NULL, 0, false);
      bh_rtnl_set_link (fd, other, name, 0, false);
    }
}

static gboolean
set_up (const Slot *slot, int index, const char *name)
{
  int fd = bh_rtnl_open (false);
  gboolean ok;

  if (fd < 0)
    return FALSE;
  free_name (fd, slot, index);
  /* A name can only be changed while the interface is down, which also clears what was set before. */
  ok = bh_rtnl_set_link (fd, index, NULL, 0, false)
       && (g_str_equal (name, slot->name) || bh_rtnl_set_link (fd, index, slot->name, 0, false));
  if (ok)
    {
      gboolean listen = (slot->flags & BH_NETWORK_DHCP) != 0;

      /* 2: also while it forwards for other AppVMs. */
      write_setting (slot->name, "accept_ra", listen ? "2" : "0");
      write_setting (slot->name, "addr_gen_mode", listen ? "0" : "1"); /* of the MAC; none */
      write_setting (slot->name, "accept_dad", listen ? "1" : "0");
      ok = bh_rtnl_set_link (fd, index, NULL, slot->mtu, true);
    }
  for (char **text = slot->addresses; ok && *text; text++)
    {
      BhNetAddress address;

      ok = bh_net_address_read (*text, &address) && bh_rtnl_add_address (fd, index, &address);
    }
  ok = ok && add_routes (fd, index, slot);
  if (!ok && errno == 0)
    errno = EINVAL;
  close (fd);
  return ok;
}

/* Rules for the AppVMs that use this one's network; on_forwarded() follows. False: there are none, and were none. */
static gboolean
update_forwarding (BhNetwork *network)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new (), addresses = g_ptr_array_new ();
  g_autoptr (GPtrArray) servers = g_ptr_array_new ();

  for (guint i = 0; i < BH_MAX_NETWORKS; i++)
    {
      Slot *slot = &network->slots[i];

      if (!slot->wanted)
        continue;
      if (slot->flags & BH_NETWORK_CLIENT)
        {
          g_ptr_array_add (clients, slot->name);
          for (char **address = slot->addresses; *address; address++)
            g_ptr_array_add (addresses, *address);
        }
      else
        for (char **server = servers_of (slot); *server; server++)
          g_ptr_array_add (servers, *server);
    }
  if (clients->len == 0 && !network->forwards)
    return FALSE;
  network->forwards = clients->len > 0;
  g_ptr_array_add (clients, NULL);
  g_ptr_array_add (addresses, NULL);
  g_ptr_array_add (servers, NULL);
  bh_forward_set (network->forward, (const char *const *) clients->pdata,
                  (const char *const *) addresses->pdata, (const char *const *) servers->pdata);
  return TRUE;
}

static void
tell (BhNetwork *network, uint32_t slot, const char *detail)
{
  char text[513];
  bh_msg_network_state message = { .slot = slot,
                                   .status = detail ? BH_NETWORK_FAILED : BH_NETWORK_UP };

  if (detail)
    g_warning ("network: %s", detail);
  message.detail.len = (uint32_t) bh_wire_text_clean (detail ? detail : "", text, sizeof text);
  message.detail.data = text;
  bh_link_send (network->link, BH_MSG_NETWORK_STATE, &message);
}

static void
on_forwarded (void *data, const char *detail)
{
  BhNetwork *network = data;
  gboolean heard = FALSE;

  for (uint32_t i = 0; i < BH_MAX_NETWORKS; i++)
    {
      Slot *slot = &network->slots[i];

      if (!slot->wanted || !slot->done || slot->told || !(slot->flags & BH_NETWORK_CLIENT))
        continue;
      slot->told = heard = TRUE;
      tell (network, i, detail);
    }
  if (detail && !heard)
    g_warning ("network: %s", detail);
}

/* Gives the interface what was leased, and takes what was before. */
static gboolean
use_lease (Slot *slot, const BhLease *lease)
{
  char name[IF_NAMESIZE];
  int index = find_interface (slot->mac, name), fd = index > 0 ? bh_rtnl_open (false) : -1;
  g_autofree char *before = g_steal_pointer (&slot->leased);
  BhNetAddress address;
  gboolean ok = fd >= 0;

  g_clear_pointer (&slot->leased_servers, g_strfreev);
  if (ok && before && (!lease || !g_str_equal (before, lease->address))
      && bh_net_address_read (before, &address))
    bh_rtnl_remove_address (fd, index, &address);
  if (ok && lease)
    {
      ok = bh_net_address_read (lease->address, &address)
           && bh_rtnl_add_address (fd, index, &address)
           && (!lease->gateway
               || (bh_net_address_read (lease->gateway, &address)
                   && bh_rtnl_add_route (fd, index, NULL, &address)))
           && add_routes (fd, index, slot);
      slot->leased = g_strdup (lease->address);
      slot->leased_servers = g_strdupv (lease->servers);
    }
  if (fd >= 0)
    close (fd);
  return ok;
}

static void
on_lease (void *data, const BhLease *lease, const char *detail)
{
  Slot *slot = data;
  BhNetwork *network = slot->network;
  uint32_t number = (uint32_t) (slot - network->slots);
  g_autofree char *text = NULL;

  if (!lease && !detail && !slot->leased)
    return; /* it begins */
  errno = 0;
  if (!use_lease (slot, lease) && lease)
    text = g_strdup_printf ("The network interface %s could not be given %s: %s", slot->name,
                            lease->address, g_strerror (errno ? errno : EINVAL));
  else if (detail)
    text = g_strdup_printf ("The network interface %s has no address: %s", slot->name, detail);
  write_resolv_conf (network);
  update_forwarding (network);
  slot->asking = slot->asking && !lease && !detail;
  /* Each once: until it has one again, and until it has none. */
  if ((text || lease) && slot->told != (lease ? 1 : 2))
    tell (network, number, text);
  if (text || lease)
    slot->told = lease ? 1 : 2;
}

static void
try_slot (BhNetwork *network, uint32_t number)
{
  Slot *slot = &network->slots[number];
  char name[IF_NAMESIZE];
  g_autofree char *detail = NULL;
  int index;

  if (!slot->wanted || slot->done)
    return;
  index = find_interface (slot->mac, name);
  if (index == 0)
    return;
  slot->done = TRUE;
  errno = 0;
  if (!set_up (slot, index, name))
    detail = g_strdup_printf ("The network interface %s could not be set up: %s", slot->name,
                              g_strerror (errno));
  if (!detail && slot->flags & BH_NETWORK_DHCP)
    {
      slot->asking = TRUE;
      slot->dhcp = bh_dhcp_new (network->loop, slot->name, on_lease, slot);
      return;
    }
  /* A client's is good when there are rules for it. */
  slot->told = detail || !(slot->flags & BH_NETWORK_CLIENT);
  if (slot->told)
    tell (network, number, detail);
  update_forwarding (network);
}

static void
try_all (BhNetwork *network)
{
  char buffer[8192];

  /* What it says does not matter: all of them are looked for. */
  while (recv (network->watch, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
    ;
  for (uint32_t i = 0; i < BH_MAX_NETWORKS; i++)
    try_slot (network, i);
}

static int
on_interfaces (int fd, uint32_t mask, void *data)
{
  try_all (data);
  return 0;
}

void
bh_network_set (BhNetwork *network, const bh_msg_network *message)
{
  Slot *slot = &network->slots[message->slot];

  clear_slot (slot);
  slot->network = network;
  slot->wanted = TRUE;
  memcpy (slot->mac, message->mac.data, sizeof slot->mac);
  slot->name = g_strndup (message->name.data, message->name.len);
  slot->mtu = message->mtu;
  slot->flags = message->flags;
  slot->addresses = copy_list (&message->addresses);
  slot->gateways = copy_list (&message->gateways);
  slot->routes = copy_list (&message->routes);
  slot->servers = copy_list (&message->servers);
  write_resolv_conf (network);
  try_slot (network, message->slot);
}

void
bh_network_remove (BhNetwork *network, uint32_t number)
{
  Slot *slot = &network->slots[number];
  char name[IF_NAMESIZE];
  int index = slot->wanted ? find_interface (slot->mac, name) : 0;

  if (index > 0)
    {
      int fd = bh_rtnl_open (false);

      /* The host unplugs it; until then it is not in the way of another one's routes. */
      if (fd >= 0)
        {
          bh_rtnl_set_link (fd, index, NULL, 0, false);
          close (fd);
        }
    }
  clear_slot (slot);
  write_resolv_conf (network);
  update_forwarding (network);
}

void
bh_network_settle (BhNetwork *network)
{
  gint64 until = g_get_monotonic_time () + SETTLE_MS * 1000;

  for (;;)
    {
      struct pollfd watch[BH_MAX_NETWORKS + 1] = { { .fd = network->watch, .events = POLLIN } };
      gint64 left = (until - g_get_monotonic_time ()) / 1000;
      gboolean waiting = FALSE;

      try_all (network);
      for (guint i = 0; i < BH_MAX_NETWORKS; i++)
        {
          const Slot *slot = &network->slots[i];

          waiting =
              waiting || (slot->wanted && (!slot->done || slot->asking) && !slot->given_up);
          watch[i + 1] = (struct pollfd){ .fd = slot->dhcp ? bh_dhcp_get_fd (slot->dhcp) : -1,
                                          .events = POLLIN };
        }
      if (!waiting || left <= 0)
        break;
      poll (watch, G_N_ELEMENTS (watch), (int) left);
      for (guint i = 0; i < BH_MAX_NETWORKS; i++)
        if (watch[i + 1].revents)
          bh_dhcp_dispatch (network->slots[i].dhcp);
    }
  /* What does not come has not to be waited for again by the next program. */
  for (guint i = 0; i < BH_MAX_NETWORKS; i++)
    network->slots[i].given_up = !network->slots[i].done || network->slots[i].asking;
}

BhNetwork *
bh_network_new (struct wl_event_loop *loop, BhLink *link)
{
  BhNetwork *network = g_new0 (BhNetwork, 1);

  network->link = link;
  network->loop = loop;
  network->watch = bh_rtnl_open (true);
  if (network->watch < 0)
    {
      g_warning ("network: %s", g_strerror (errno));
      g_free (network);
      return NULL;
    }
  network->forward = bh_forward_new (loop, on_forwarded, network);
  network->source =
      wl_event_loop_add_fd (loop, network->watch, WL_EVENT_READABLE, on_interfaces, network);
  return network;
}

void
bh_network_free (BhNetwork *network)
{
  wl_event_source_remove (network->source);
  bh_forward_free (network->forward);
  close (network->watch);
  for (guint i = 0; i < BH_MAX_NETWORKS; i++)
    clear_slot (&network->slots[i]);
  g_free (network);
}
