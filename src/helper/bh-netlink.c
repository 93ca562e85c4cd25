/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is asked of the kernel by rtnetlink. Each call has a socket of its own: they are rare, and none can
 * be left with another's answer. */
#include "config.h"

#include "bh-netlink.h"

#include "bh-error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <string.h>
#include <sys/socket.h>

#define SHORTEST_PREFIX 8

typedef struct nl_sock Socket;
typedef struct nl_cache Cache;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Socket, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Cache, nl_cache_free)

static gboolean
set_error (GError **error, int code, const char *what)
{
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s: %s", what, nl_geterror (code));
  return FALSE;
}

static Socket *
open_socket (GError **error)
{
  Socket *sock = nl_socket_alloc ();
  int result = nl_connect (sock, NETLINK_ROUTE);

  if (result == 0)
    return sock;
  nl_socket_free (sock);
  set_error (error, result, "Opening a netlink socket");
  return NULL;
}

char *
bh_netlink_find_mac (const guint8 *mac)
{
  g_autoptr (Socket) sock = open_socket (NULL);
  g_autoptr (Cache) links = NULL;

  if (sock == NULL || rtnl_link_alloc_cache (sock, AF_UNSPEC, &links) != 0)
    return NULL;
  for (struct nl_object *o = nl_cache_get_first (links); o != NULL; o = nl_cache_get_next (o))
    {
      struct rtnl_link *link = (struct rtnl_link *) o;
      struct nl_addr *address = rtnl_link_get_addr (link);

      if (address != NULL && nl_addr_get_len (address) == BH_MAC_LENGTH
          && memcmp (nl_addr_get_binary_addr (address), mac, BH_MAC_LENGTH) == 0)
        return g_strdup (rtnl_link_get_name (link));
    }
  return NULL;
}

static guint32
mask_of (guint prefix)
{
  return prefix == 0 ? 0 : G_MAXUINT32 << (32 - prefix);
}

/* FALSE when it is no IPv4 network. */
static gboolean
network_of (struct nl_addr *address, guint32 *network, guint *prefix)
{
  guint32 raw = 0;

  if (address == NULL || nl_addr_get_family (address) != AF_INET)
    return FALSE;
  *prefix = nl_addr_get_prefixlen (address);
  if (nl_addr_get_len (address) == sizeof raw)
    memcpy (&raw, nl_addr_get_binary_addr (address), sizeof raw);
  if (*prefix > 32)
    return FALSE;
  *network = ntohl (raw) & mask_of (*prefix);
  return TRUE;
}

static char *
network_to_text (guint32 network, guint prefix)
{
  return g_strdup_printf ("%u.%u.%u.%u/%u", network >> 24, (network >> 16) & 255, (network >> 8) & 255,
                          network & 255, prefix);
}

char *
bh_netlink_find_overlap (guint32 address, guint prefix, GError **error)
{
  g_autoptr (Socket) sock = open_socket (error);
  g_autoptr (Cache) routes = NULL;
  int result;

  if (sock == NULL)
    return NULL;
  result = rtnl_route_alloc_cache (sock, AF_INET, 0, &routes);
  if (result != 0)
    {
      set_error (error, result, "Reading the routes of this computer");
      return NULL;
    }
  for (struct nl_object *o = nl_cache_get_first (routes); o != NULL; o = nl_cache_get_next (o))
    {
      guint32 network;
      guint length;

      if (network_of (rtnl_route_get_dst ((struct rtnl_route *) o), &network, &length)
          && length >= SHORTEST_PREFIX
          && ((network ^ address) & mask_of (MIN (length, prefix))) == 0)
        return network_to_text (network, length);
    }
  return NULL;
}

GPtrArray *
bh_netlink_on_link (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (Socket) sock = open_socket (NULL);
  g_autoptr (Cache) routes = NULL;

  if (sock == NULL || rtnl_route_alloc_cache (sock, AF_INET, 0, &routes) != 0)
    return list;
  for (struct nl_object *o = nl_cache_get_first (routes); o != NULL; o = nl_cache_get_next (o))
    {
      struct rtnl_route *route = (struct rtnl_route *) o;
      struct rtnl_nexthop *hop = rtnl_route_nexthop_n (route, 0);
      char name[IF_NAMESIZE] = "";
      guint32 network;
      guint prefix;

      /* On the wire: no gateway. A default route without one (a VPN's) is the way out, not a local network. */
      if (rtnl_route_get_type (route) != RTN_UNICAST || hop == NULL
          || rtnl_route_nh_get_gateway (hop) != NULL
          || !network_of (rtnl_route_get_dst (route), &network, &prefix)
          || prefix < SHORTEST_PREFIX)
        continue;
      if (if_indextoname (rtnl_route_nh_get_ifindex (hop), name) != NULL
          && !g_str_has_prefix (name, "bhtap"))
        g_ptr_array_add (list, network_to_text (network, prefix));
    }
  return list;
}

gboolean
bh_netlink_is_only_way (const char *const *interfaces)
{
  g_autoptr (Socket) sock = open_socket (NULL);
  g_autoptr (Cache) routes = NULL;
  gboolean any = FALSE;

  if (sock == NULL || rtnl_route_alloc_cache (sock, AF_UNSPEC, 0, &routes) != 0)
    return FALSE;
  for (struct nl_object *o = nl_cache_get_first (routes); o != NULL; o = nl_cache_get_next (o))
    {
      struct rtnl_route *route = (struct rtnl_route *) o;
      struct nl_addr *to = rtnl_route_get_dst (route);

      if (rtnl_route_get_type (route) != RTN_UNICAST || to == NULL || nl_addr_get_prefixlen (to) != 0)
        continue;
      for (int i = 0; i < rtnl_route_get_nnexthops (route); i++)
        {
          struct rtnl_nexthop *hop = rtnl_route_nexthop_n (route, i);
          char name[IF_NAMESIZE] = "";

          if (if_indextoname (rtnl_route_nh_get_ifindex (hop), name) == NULL)
            continue;
          if (!g_strv_contains (interfaces, name))
            return FALSE;
          any = TRUE;
        }
    }
  return any;
}

GArray *
bh_netlink_bridges (void)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (Socket) sock = open_socket (NULL);
  g_autoptr (Cache) links = NULL;

  if (sock == NULL || rtnl_link_alloc_cache (sock, AF_UNSPEC, &links) != 0)
    return list;
  for (struct nl_object *o = nl_cache_get_first (links); o != NULL; o = nl_cache_get_next (o))
    {
      struct rtnl_link *link = (struct rtnl_link *) o;
      int index = rtnl_link_get_ifindex (link);

      if (g_strcmp0 (rtnl_link_get_type (link), "bridge") == 0)
        g_array_append_val (list, index);
    }
  return list;
}

gboolean
bh_netlink_is_bridge (const char *name)
{
  g_autoptr (Socket) sock = open_socket (NULL);
  struct rtnl_link *link = NULL;
  gboolean is_bridge;

  if (sock == NULL || rtnl_link_get_kernel (sock, 0, name, &link) != 0)
    return FALSE;
  is_bridge = g_strcmp0 (rtnl_link_get_type (link), "bridge") == 0;
  rtnl_link_put (link);
  return is_bridge;
}

gboolean
bh_netlink_add_address (int index, guint32 address, guint prefix, GError **error)
{
  g_autoptr (Socket) sock = open_socket (error);
  guint32 raw = htonl (address);
  struct rtnl_addr *added;
  struct nl_addr *local;
  int result;

  if (sock == NULL)
    return FALSE;
  added = rtnl_addr_alloc ();
  local = nl_addr_build (AF_INET, &raw, sizeof raw);
  nl_addr_set_prefixlen (local, prefix);
  rtnl_addr_set_ifindex (added, index);
  rtnl_addr_set_local (added, local);
  result = rtnl_addr_add (sock, added, 0);
  nl_addr_put (local);
  rtnl_addr_put (added);
  return result == 0 || set_error (error, result, "Giving the TAP its address");
}

gboolean
bh_netlink_set_up (int index, GError **error)
{
  g_autoptr (Socket) sock = open_socket (error);
  struct rtnl_link *which, *change;
  int result;

  if (sock == NULL)
    return FALSE;
  which = rtnl_link_alloc ();
  change = rtnl_link_alloc ();
  rtnl_link_set_ifindex (which, index);
  rtnl_link_set_flags (change, IFF_UP);
  result = rtnl_link_change (sock, which, change, 0);
  rtnl_link_put (which);
  rtnl_link_put (change);
  return result == 0 || set_error (error, result, "Switching the TAP on");
}

/* libnl has no words for these, so the message is put together here: rtnetlink(7), linux/if_link.h. */
static gboolean
send_link (int index, int family, int bridge, GError **error)
{
  g_autoptr (Socket) sock = open_socket (error);
  struct ifinfomsg info = { .ifi_family = family, .ifi_index = index };
  struct nl_msg *message;
  struct nlattr *port;
  int result;

  if (sock == NULL)
    return FALSE;
  message = nlmsg_alloc_simple (RTM_SETLINK, 0);
  nlmsg_append (message, &info, sizeof info, NLMSG_ALIGNTO);
  if (family == AF_BRIDGE)
    {
      port = nla_nest_start (message, IFLA_PROTINFO | NLA_F_NESTED);
      nla_put_u8 (message, IFLA_BRPORT_ISOLATED, 1);
      nla_put_u8 (message, IFLA_BRPORT_GUARD, 1);
      nla_put_u8 (message, IFLA_BRPORT_PROTECT, 1);
      nla_nest_end (message, port);
    }
  else
    nla_put_u32 (message, IFLA_MASTER, bridge);
  result = nl_send_sync (sock, message);
  return result == 0 || set_error (error, result, "Making the TAP a port of the bridge");
}

gboolean
bh_netlink_join (int index, int bridge, GError **error)
{
  return send_link (index, AF_UNSPEC, bridge, error) && send_link (index, AF_BRIDGE, bridge, error);
}

gboolean
bh_netlink_delete (const char *name, GError **error)
{
  g_autoptr (Socket) sock = open_socket (error);
  struct rtnl_link *link;
  int index = if_nametoindex (name);
  int result;

  if (sock == NULL)
    return FALSE;
  if (index == 0)
    return TRUE;
  link = rtnl_link_alloc ();
  rtnl_link_set_ifindex (link, index);
  result = rtnl_link_delete (sock, link);
  rtnl_link_put (link);
  return result == 0 || result == -NLE_NODEV || result == -NLE_OBJ_NOTFOUND
         || set_error (error, result, "Removing a TAP");
}

/* Watching. */
typedef struct
{
  Socket *sock;
  BhNetlinkChanged changed;
  gpointer data;
  guint later;
} Watch;

static gboolean
tell (gpointer data)
{
  Watch *watch = data;

  watch->later = 0;
  watch->changed (watch->data);
  return G_SOURCE_REMOVE;
}

static int
heard (struct nl_msg *message, void *data)
{
  Watch *watch = data;

  /* Many come at once when a network is joined. */
  if (watch->later == 0)
    watch->later = g_timeout_add (100, tell, watch);
  return NL_OK;
}

static gboolean
readable (int fd, GIOCondition condition, gpointer data)
{
  Watch *watch = data;

  /* An overflow means that something has changed as well. */
  if (nl_recvmsgs_default (watch->sock) < 0)
    heard (NULL, watch);
  return G_SOURCE_CONTINUE;
}

gboolean
bh_netlink_watch (BhNetlinkChanged changed, gpointer data, GError **error)
{
  Watch *watch = g_new0 (Watch, 1);
  int result;

  watch->sock = open_socket (error);
  if (watch->sock == NULL)
    {
      g_free (watch);
      return FALSE;
    }
  watch->changed = changed;
  watch->data = data;
  nl_socket_disable_seq_check (watch->sock);
  nl_socket_set_nonblocking (watch->sock);
  nl_socket_modify_cb (watch->sock, NL_CB_VALID, NL_CB_CUSTOM, heard, watch);
  result = nl_socket_add_memberships (watch->sock, RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE,
                                      RTNLGRP_IPV4_IFADDR, 0);
  if (result != 0)
    return set_error (error, result, "Listening for changes of routes");
  g_unix_fd_add (nl_socket_get_fd (watch->sock), G_IO_IN, readable, watch);
  return TRUE;
}
