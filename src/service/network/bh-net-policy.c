/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a network interface of an AppVM may reach. */
#include "config.h"

#include "bh-net-policy.h"

#include <string.h>

typedef struct
{
  guint8 bytes[4];
  guint length;
} Prefix4;

/* "This" computer, and what is no single other one: never. */
static const Prefix4 never4[] = {
  { { 0, 0, 0, 0 }, 8 },
  { { 127, 0, 0, 0 }, 8 },
  { { 224, 0, 0, 0 }, 4 },
  { { 240, 0, 0, 0 }, 4 },
};
static const char *const never6[] = {
  "::/8", /* unspecified, loopback, and IPv4 written as IPv6 */
  "64:ff9b:1::/48", "fe80::/10", "fec0::/10", "ff00::/8",
};
/* What is not routed in the Internet: addresses of people's own networks. */
static const Prefix4 lan4[] = {
  { { 10, 0, 0, 0 }, 8 },    { { 100, 64, 0, 0 }, 10 }, { { 169, 254, 0, 0 }, 16 },
  { { 172, 16, 0, 0 }, 12 }, { { 192, 0, 0, 0 }, 24 },  { { 192, 168, 0, 0 }, 16 },
  { { 198, 18, 0, 0 }, 15 },
};
static const char *const lan6[] = { "fc00::/7" };

/* IPv4 also as it can be reached by way of IPv6: through NAT64, and through 6to4. */
static void
block4 (GString *out, const guint8 *b, guint length)
{
  g_string_append_printf (out, "block %u.%u.%u.%u/%u\n", b[0], b[1], b[2], b[3], length);
  g_string_append_printf (out, "block 64:ff9b::%u.%u.%u.%u/%u\n", b[0], b[1], b[2], b[3],
                          96 + length);
  g_string_append_printf (out, "block 2002:%02x%02x:%02x%02x::/%u\n", b[0], b[1], b[2], b[3],
                          16 + length);
}

static void
block_prefix (GString *out, const char *text)
{
  const char *slash = strchr (text, '/');
  g_autofree char *address = g_strndup (text, (gsize) (slash - text));
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);
  guint length = (guint) g_ascii_strtoull (slash + 1, NULL, 10);

  if (!parsed)
    return;
  if (g_inet_address_get_family (parsed) == G_SOCKET_FAMILY_IPV4)
    block4 (out, g_inet_address_to_bytes (parsed), length);
  else
    g_string_append_printf (out, "block %s\n", text);
}

static void
add_list (GString *out, const char *word, const char *const *list)
{
  for (; list && *list; list++)
    g_string_append_printf (out, "%s %s\n", word, *list);
}

char *
bh_net_policy_write (const BhNetPolicy *policy, const BhHostNetwork *host)
{
  GString *out = g_string_new ("open\n");

  if (policy->dhcp)
    g_string_append (out, "dhcp\n");
  g_string_append_printf (out, "mac %s\n", policy->mac);
  add_list (out, "guest", policy->guest);
  add_list (out, "gateway", policy->gateway);
  add_list (out, "dns", policy->servers);
  add_list (out, "dns-udp", policy->udp_servers);
  for (gsize i = 0; i < G_N_ELEMENTS (never4); i++)
    block4 (out, never4[i].bytes, never4[i].length);
  add_list (out, "block",
            (const char *const[]){ never6[0], never6[1], never6[2], never6[3], never6[4], NULL });
  /* A program of the host's that listens everywhere would take its own address for the guest's. */
  for (guint i = 0; i < host->own->len; i++)
    {
      g_autofree char *one = g_strdup_printf ("%s/%u", (char *) host->own->pdata[i],
                                              strchr (host->own->pdata[i], ':') ? 128 : 32);

      block_prefix (out, one);
    }
  if (policy->lan)
    return g_string_free (out, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (lan4); i++)
    block4 (out, lan4[i].bytes, lan4[i].length);
  for (gsize i = 0; i < G_N_ELEMENTS (lan6); i++)
    g_string_append_printf (out, "block %s\n", lan6[i]);
  for (guint i = 0; i < host->near->len; i++)
    block_prefix (out, host->near->pdata[i]);
  return g_string_free (out, FALSE);
}
