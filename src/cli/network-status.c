/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM's network: how much went through each interface, and whom it talks to. */
#include "config.h"

#include "network-status.h"

#include "bh-text.h"
#include "output.h"

#include <glib/gi18n.h>
#include <string.h>

GVariant *
bh_cli_read_network (BhCli *cli, const BhVmInfo *info, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      cli->bus, BH_SERVICE_NAME, info->path, BH_VM_INTERFACE, "ReadNetwork", NULL,
      G_VARIANT_TYPE ("(aa{sv})"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);

  return reply ? g_variant_get_child_value (reply, 0) : NULL;
}

static const char *
string_of (GVariant *interface, const char *key)
{
  const char *text = "";

  g_variant_lookup (interface, key, "&s", &text);
  return text;
}

/* "internet", "vm: work" */
static char *
describe_way (GVariant *interface)
{
  const char *via = string_of (interface, "via");

  return *via ? g_strdup_printf ("%s: %s", string_of (interface, "mode"), via)
              : g_strdup (string_of (interface, "mode"));
}

static void
add_bytes (BhTable *table, GVariant *interface, const char *key)
{
  guint64 bytes;
  g_autofree char *text = NULL;

  if (g_variant_lookup (interface, key, "t", &bytes))
    text = bh_output_size (bytes);
  bh_table_add (table, text ? text : "–", BH_STYLE_NONE);
}

static void
add_interface (BhTable *table, GVariant *interface)
{
  g_autofree char *way = describe_way (interface);
  guint64 blocked;

  bh_table_add (table, string_of (interface, "name"), BH_STYLE_NONE);
  bh_table_add (table, way, BH_STYLE_NONE);
  bh_table_add (table, string_of (interface, "state"), BH_STYLE_NONE);
  add_bytes (table, interface, "in");
  add_bytes (table, interface, "out");
  if (g_variant_lookup (interface, "blocked", "t", &blocked))
    bh_table_add_format (table, BH_STYLE_NONE, "%" G_GUINT64_FORMAT, blocked);
  else
    bh_table_add (table, "–", BH_STYLE_NONE);
}

static guint
add_peers (BhTable *table, GVariant *interface)
{
  g_autoptr (GVariant) peers =
      g_variant_lookup_value (interface, "peers", G_VARIANT_TYPE ("a(ssutt)"));
  const char *protocol, *address;
  guint32 port;
  guint64 in, out;
  GVariantIter iter;
  guint n = 0;

  if (!peers)
    return 0;
  g_variant_iter_init (&iter, peers);
  while (g_variant_iter_next (&iter, "(&s&sutt)", &protocol, &address, &port, &in, &out))
    {
      g_autofree char *received = bh_output_size (in), *sent = bh_output_size (out);

      bh_table_add (table, address, BH_STYLE_NONE);
      bh_table_add (table, protocol, BH_STYLE_NONE);
      bh_table_add_format (table, BH_STYLE_NONE, "%u", port);
      bh_table_add (table, received, BH_STYLE_NONE);
      bh_table_add (table, sent, BH_STYLE_NONE);
      n++;
    }
  return n;
}

void
bh_cli_print_network (GVariant *interfaces)
{
  gsize n = g_variant_n_children (interfaces);
  g_autoptr (BhTable) table = NULL, peers = NULL;
  guint n_peers = 0;

  if (n == 0)
    return;
  table = bh_table_new (_ ("Interface"), _ ("Network"), _ ("State"), _ (">Received"), _ (">Sent"),
                        _ (">Blocked"), NULL);
  peers = bh_table_new (_ ("Talks to"), _ ("By"), _ (">Port"), _ (">Received"), _ (">Sent"), NULL);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) interface = g_variant_get_child_value (interfaces, i);

      add_interface (table, interface);
      n_peers += add_peers (peers, interface);
    }
  putchar ('\n');
  bh_table_print (table, stdout);
  if (n_peers == 0)
    return;
  putchar ('\n');
  bh_table_print (peers, stdout);
}
