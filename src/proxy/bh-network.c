/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guest's network interfaces: from the service's dictionaries to messages. */
#include "config.h"

#include "bh-network.h"

#include "bh-error.h"
#include "bh-guest-link.h"

#include <stdio.h>

#define LISTS 4

static gboolean
read_mac (const char *text, guint8 mac[6])
{
  guint b[6];
  int used = 0;

  if (sscanf (text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &used)
          != 6
      || text[used])
    return FALSE;
  for (guint i = 0; i < 6; i++)
    mac[i] = (guint8) b[i];
  return TRUE;
}

/* @buffer must live as long as @list. */
static gboolean
read_list (GVariant *settings, const char *key, guint8 *buffer, BhList *list)
{
  g_autofree const char **items = NULL;

  g_variant_lookup (settings, key, "^a&s", &items);
  return bh_list_pack (items, items ? g_strv_length ((char **) items) : 0, buffer, BH_LIST_BYTES,
                       list);
}

static void
refuse (GDBusMethodInvocation *invocation, const char *why)
{
  g_dbus_method_invocation_return_error_literal (invocation, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                                                 why);
}

static gboolean
handle_set_network (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, guint slot,
                    GVariant *settings, gpointer data)
{
  BhProxy *proxy = data;
  g_autofree guint8 *buffer = g_malloc (LISTS * BH_LIST_BYTES);
  guint8 mac[6];
  const char *mac_text = "", *name = "";
  gboolean client = FALSE, dhcp = FALSE;
  bh_msg_network msg = { .slot = slot };
  BhWireStatus status;

  g_variant_lookup (settings, "mac", "&s", &mac_text);
  g_variant_lookup (settings, "name", "&s", &name);
  g_variant_lookup (settings, "mtu", "u", &msg.mtu);
  g_variant_lookup (settings, "client", "b", &client);
  g_variant_lookup (settings, "dhcp", "b", &dhcp);
  msg.name = bh_str (name);
  msg.flags = (client ? BH_NETWORK_CLIENT : 0u) | (dhcp ? BH_NETWORK_DHCP : 0u);
  msg.mac = (BhBytes){ mac, sizeof mac };
  if (!read_mac (mac_text, mac) || !read_list (settings, "addresses", buffer, &msg.addresses)
      || !read_list (settings, "gateways", buffer + BH_LIST_BYTES, &msg.gateways)
      || !read_list (settings, "routes", buffer + 2 * BH_LIST_BYTES, &msg.routes)
      || !read_list (settings, "servers", buffer + 3 * BH_LIST_BYTES, &msg.servers))
    {
      refuse (invocation, "not a network interface");
      return TRUE;
    }
  bh_message_measure (BH_MSG_NETWORK, &msg, &status);
  if (status != BH_WIRE_OK)
    {
      refuse (invocation, bh_wire_status_name (status));
      return TRUE;
    }
  bh_guest_link_send (proxy->guest, BH_MSG_NETWORK, &msg);
  bh_dbus_proxy1_complete_set_network (object, invocation);
  return TRUE;
}

static gboolean
handle_remove_network (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, guint slot,
                       gpointer data)
{
  BhProxy *proxy = data;
  bh_msg_network_gone msg = { .slot = slot };

  if (slot >= BH_MAX_NETWORKS)
    {
      refuse (invocation, "no such network interface");
      return TRUE;
    }
  bh_guest_link_send (proxy->guest, BH_MSG_NETWORK_GONE, &msg);
  bh_dbus_proxy1_complete_remove_network (object, invocation);
  return TRUE;
}

void
bh_network_connect (BhProxy *proxy, BhDbusProxy1 *skeleton)
{
  g_signal_connect (skeleton, "handle-set-network", G_CALLBACK (handle_set_network), proxy);
  g_signal_connect (skeleton, "handle-remove-network", G_CALLBACK (handle_remove_network), proxy);
}
