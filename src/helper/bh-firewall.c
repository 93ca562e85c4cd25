/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rules for TAPs, by libnftables.
 *
 * Each TAP has a chain at the ingress hook of the interface itself (table netdev), before bridges, routing and the
 * host's own rules, whose policy is to drop. What passes it is IPv4 (in a bridge without a fixed address also
 * IPv6) and ARP of the guest's own addresses, to where it may go. So a guest can claim no other address, and the
 * same chain holds whether its TAP is routed or in a bridge.
 * The table bridge keeps broadcasts and the like of bridged guests from the host that has the bridge.
 * The table inet adds what needs connection tracking, for routed TAPs: nobody opens a connection to a
 * guest, guests do not reach one another, and masquerading.
 *
 * Names and numbers only get into the text: interfaces the helper named itself, addresses it formatted. */
#include "config.h"

#include "bh-firewall.h"

#include "bh-error.h"
#include "bh-netlink.h"

#include <net/if.h>
#include <nftables/libnftables.h>
#include <string.h>

/* What is local by number: private, shared, link-local, documentation's and reserved networks, multicast.
 * RFC 6890. */
#define LOCAL                                                                                      \
  "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, "             \
  "192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/4, 240.0.0.0/4"
#define LOCAL6 "::/8, fc00::/7, fe80::/10, fec0::/10, ff00::/8"

static char *applied;

static void
add_services (GString *out, BhSettings *settings, const char *before)
{
  for (guint i = 0; i < settings->services->len; i++)
    {
      BhService *service = &g_array_index (settings->services, BhService, i);

      g_string_append_printf (out, "  %s %s dport %u accept\n", before, service->protocol, service->port);
    }
}

static void
add_on_link (GString *out, GPtrArray *on_link)
{
  for (guint i = 0; i < on_link->len; i++)
    g_string_append_printf (out, "  ip daddr %s drop\n", (const char *) on_link->pdata[i]);
}

/* The chain at the TAP itself. */
static void
add_ingress (GString *out, BhHold *hold, BhSettings *settings, GPtrArray *on_link)
{
  const char *interface = bh_hold_get (hold, "interface");
  const char *mac = bh_hold_get (hold, "mac");
  const char *address = bh_hold_get (hold, "address");
  gboolean bridge = strcmp (bh_hold_get (hold, "mode"), "bridge") == 0;
  gboolean lan = bh_hold_get_number (hold, "lan") != 0;
  g_auto (GStrv) dns = g_strsplit (bh_hold_get (hold, "dns"), " ", -1);

  g_string_append_printf (out, " chain %s {\n  type filter hook ingress device \"%s\" priority -500; policy drop;\n",
                          interface, interface);
  /* The kernel takes a VLAN tag off before this hook, and would put it on again at another port of a bridge. */
  g_string_append (out, "  ether type { vlan, 8021ad } drop\n");
  g_string_append_printf (out, "  ether saddr != %s drop\n", mac);
  g_string_append_printf (out, "  arp saddr ether != %s drop\n", mac);
  if (address[0] != '\0')
    /* 0.0.0.0 asks whether an address is free (RFC 5227). */
    g_string_append_printf (out,
                            "  ether type arp arp saddr ip { 0.0.0.0, %s } accept\n"
                            "  ether type arp drop\n  ip saddr != %s drop\n  ether type ip6 drop\n",
                            address, address);
  else
    g_string_append (out, "  ether type arp accept\n"
                          "  ether type ip udp sport 68 udp dport 67 accept\n"
                          "  icmpv6 type { nd-router-advert, nd-redirect } drop\n"
                          "  udp sport { 67, 547 } drop\n"
                          "  icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept\n"
                          "  ip6 daddr ff02::1:2 udp sport 546 udp dport 547 accept\n");
  add_services (out, settings, "fib daddr type local");
  /* Whatever is allowed below, the host itself is not. */
  g_string_append (out, "  fib daddr type local drop\n");
  for (char **server = dns; *server != NULL; server++)
    if (**server != '\0')
      g_string_append_printf (out, "  ip daddr %s meta l4proto { tcp, udp } th dport 53 accept\n", *server);
  if (!bridge)
    g_string_append (out, "  fib daddr type { broadcast, multicast } drop\n");
  if (!lan)
    {
      g_string_append (out, "  ip daddr { " LOCAL " } drop\n  ip6 daddr { " LOCAL6 " } drop\n");
      add_on_link (out, on_link);
    }
  g_string_append (out, "  ether type ip accept\n");
  if (bridge)
    g_string_append (out, "  ether type ip6 accept\n");
  g_string_append (out, " }\n");
}

/* Names of the TAPs of one mode: "\"bhtap0\", \"bhtap1\"", or NULL. */
static char *
list_names (GPtrArray *taps, const char *mode)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < taps->len; i++)
    if (strcmp (bh_hold_get (taps->pdata[i], "mode"), mode) == 0)
      g_string_append_printf (list, "%s\"%s\"", list->len ? ", " : "",
                              bh_hold_get (taps->pdata[i], "interface"));
  return g_string_free (list, list->len == 0);
}

/* A kernel with br_netfilter (whoever has Docker has it) shows what a bridge passes from port to port to these
 * rules, too, as if the bridge forwarded to itself. */
static void
add_bridges (GString *out)
{
  g_autoptr (GArray) bridges = bh_netlink_bridges ();

  for (guint i = 0; i < bridges->len; i++)
    {
      int index = g_array_index (bridges, int, i);

      g_string_append_printf (out, "  iif %d oif %d accept\n", index, index);
    }
}

static void
add_routed (GString *out, GPtrArray *taps, const char *names, BhSettings *settings, gboolean closed)
{
  g_string_append (out, "table inet bulkhead {\n"
                        " chain forward {\n  type filter hook forward priority -10; policy accept;\n");
  g_string_append_printf (out, "  iifname { %s } oifname { %s } drop\n", names, names);
  g_string_append_printf (out, "  oifname { %s } ct state established,related accept\n", names);
  g_string_append_printf (out, "  oifname { %s } drop\n", names);
  g_string_append_printf (out, "  iifname { %s } ct state invalid drop\n", names);
  g_string_append_printf (out, "  iifname { %s } accept\n", names);
  /* Forwarding is on for our sake: between the host's other interfaces it stays off. */
  if (closed)
    {
      add_bridges (out);
      g_string_append (out, "  drop\n");
    }
  g_string_append (out, " }\n chain input {\n  type filter hook input priority -10; policy accept;\n");
  g_string_append_printf (out, "  iifname != { %s } accept\n  ct state established,related accept\n", names);
  add_services (out, settings, "");
  g_string_append (out, "  drop\n }\n"
                        " chain postrouting {\n  type nat hook postrouting priority 100; policy accept;\n");
  for (guint i = 0; i < taps->len; i++)
    if (strcmp (bh_hold_get (taps->pdata[i], "mode"), "nat") == 0)
      g_string_append_printf (out, "  ip saddr %s oifname != \"%s\" masquerade\n",
                              bh_hold_get (taps->pdata[i], "address"),
                              bh_hold_get (taps->pdata[i], "interface"));
  g_string_append (out, " }\n}\n");
}

/* What gets from a bridged guest to the host itself: only for the services that are allowed. */
static void
add_bridged (GString *out, const char *names, BhSettings *settings)
{
  g_string_append_printf (out,
                          "table bridge bulkhead {\n chain input {\n"
                          "  type filter hook input priority 0; policy accept;\n  iifname != { %s } accept\n",
                          names);
  if (settings->services->len > 0)
    g_string_append (out, "  ether type arp accept\n");
  add_services (out, settings, "ether type ip");
  g_string_append (out, "  drop\n }\n}\n");
}

static char *
make_rules (GPtrArray *taps, BhSettings *settings, gboolean closed)
{
  /* Adding before deleting makes it right whether they are there or not. */
  GString *out = g_string_new ("add table inet bulkhead\ndelete table inet bulkhead\n"
                               "add table netdev bulkhead\ndelete table netdev bulkhead\n"
                               "add table bridge bulkhead\ndelete table bridge bulkhead\n");
  g_autoptr (GPtrArray) on_link = bh_netlink_on_link ();
  g_autofree char *routed = list_names (taps, "nat");
  g_autofree char *bridged = list_names (taps, "bridge");

  if (taps->len > 0)
    {
      g_string_append (out, "table netdev bulkhead {\n");
      for (guint i = 0; i < taps->len; i++)
        add_ingress (out, taps->pdata[i], settings, on_link);
      g_string_append (out, "}\n");
    }
  if (routed != NULL)
    add_routed (out, taps, routed, settings, closed);
  if (bridged != NULL)
    add_bridged (out, bridged, settings);
  return g_string_free (out, FALSE);
}

void
bh_firewall_forget (void)
{
  g_clear_pointer (&applied, g_free);
}

gboolean
bh_firewall_apply (BhLedger *ledger, BhSettings *settings, gboolean closed, GError **error)
{
  g_autoptr (GPtrArray) taps = g_ptr_array_new ();
  GPtrArray *holds = bh_ledger_holds (ledger);
  g_autofree char *rules = NULL;
  struct nft_ctx *nft;
  gboolean good;

  for (guint i = 0; i < holds->len; i++)
    {
      BhHold *hold = holds->pdata[i];

      if (strcmp (hold->kind, "tap") == 0 && if_nametoindex (bh_hold_get (hold, "interface")) != 0)
        g_ptr_array_add (taps, hold);
    }
  rules = make_rules (taps, settings, closed);
  if (g_strcmp0 (rules, applied) == 0)
    return TRUE;
  nft = nft_ctx_new (NFT_CTX_DEFAULT);
  nft_ctx_buffer_output (nft);
  nft_ctx_buffer_error (nft);
  good = nft_run_cmd_from_buffer (nft, rules) == 0;
  if (!good)
    {
      /* Its first line says what is wrong; for us, not for people. */
      g_debug ("nftables: %s\n%s", nft_ctx_get_error_buffer (nft), rules);
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "The kernel did not take the firewall rules of AppVMs. Is its nftables support (nf_tables, nft_fib_inet, "
                   "nft_masq) there?");
      bh_firewall_forget ();
    }
  else
    {
      g_free (applied);
      applied = g_steal_pointer (&rules);
    }
  nft_ctx_free (nft);
  return good;
}
