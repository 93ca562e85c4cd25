/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What people write about networks. */
#include "config.h"

#include "bh-net-text.h"

#include "bh-error.h"
#include "bh-vm-config.h"

#include <string.h>

#define MAX_NAME 15 /* IFNAMSIZ - 1 */
#define DHCP "dhcp"

/* "ADDRESS/LENGTH"; no bits of the host's part with @network. */
static gboolean
is_prefix (const char *text, gboolean network)
{
  const char *slash = strchr (text, '/');
  g_autofree char *address = slash ? g_strndup (text, (gsize) (slash - text)) : NULL;
  g_autoptr (GInetAddress) parsed = address ? g_inet_address_new_from_string (address) : NULL;
  g_autoptr (GInetAddressMask) mask = NULL;
  gint64 length;

  if (!parsed
      || !g_ascii_string_to_signed (
          slash + 1, 10, network ? 0 : 1,
          g_inet_address_get_family (parsed) == G_SOCKET_FAMILY_IPV4 ? 32 : 128, &length, NULL))
    return FALSE;
  if (!network)
    return !g_inet_address_get_is_any (parsed) && !g_inet_address_get_is_multicast (parsed)
           && !g_inet_address_get_is_loopback (parsed);
  mask = g_inet_address_mask_new (parsed, (guint) length, NULL);
  return mask != NULL;
}

gboolean
bh_net_is_address (const char *text)
{
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (text);

  return parsed && !g_inet_address_get_is_any (parsed) && !g_inet_address_get_is_multicast (parsed);
}

gboolean
bh_net_is_guest_address (const char *text)
{
  return g_str_equal (text, DHCP) || is_prefix (text, FALSE);
}

gboolean
bh_net_is_route (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", 2);

  return g_strv_length (parts) == 2 && is_prefix (parts[0], TRUE) && bh_net_is_address (parts[1])
         && (strchr (parts[0], ':') == NULL) == (strchr (parts[1], ':') == NULL);
}

gboolean
bh_net_is_mac (const char *text)
{
  gboolean zero = TRUE;

  if (strlen (text) != 17 || strchr ("13579bdfBDF", text[1]))
    return FALSE;
  for (guint i = 0; i < 17; i++)
    {
      if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit (text[i]))
        return FALSE;
      zero = zero && (text[i] == ':' || text[i] == '0');
    }
  return !zero;
}

gboolean
bh_net_is_name (const char *text)
{
  gsize n = strlen (text);

  if (n == 0 || n > MAX_NAME || !g_ascii_isalpha (text[0]) || g_str_equal (text, "lo")
      || g_str_equal (text, "all") || g_str_equal (text, "default")
      || g_str_has_prefix (text, "client"))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isalnum (text[i]) && strchr ("-_.", text[i]) == NULL)
      return FALSE;
  return TRUE;
}

BhNetSpec *
bh_net_spec_new (BhNetMode mode, const char *name)
{
  BhNetSpec *spec = g_new0 (BhNetSpec, 1);

  spec->mode = mode;
  spec->name = g_strdup (name);
  spec->addresses = g_new0 (char *, 1);
  spec->gateways = g_new0 (char *, 1);
  spec->routes = g_new0 (char *, 1);
  spec->servers = g_new0 (char *, 1);
  return spec;
}

BhNetSpec *
bh_net_spec_copy (const BhNetSpec *spec)
{
  BhNetSpec *copy = g_memdup2 (spec, sizeof *spec);

  copy->name = g_strdup (spec->name);
  copy->via = g_strdup (spec->via);
  copy->mac = g_strdup (spec->mac);
  copy->addresses = g_strdupv (spec->addresses);
  copy->gateways = g_strdupv (spec->gateways);
  copy->routes = g_strdupv (spec->routes);
  copy->servers = g_strdupv (spec->servers);
  return copy;
}

void
bh_net_spec_free (BhNetSpec *spec)
{
  g_free (spec->name);
  g_free (spec->via);
  g_free (spec->mac);
  g_strfreev (spec->addresses);
  g_strfreev (spec->gateways);
  g_strfreev (spec->routes);
  g_strfreev (spec->servers);
  g_free (spec);
}

gboolean
bh_net_spec_equal (const BhNetSpec *a, const BhNetSpec *b)
{
  return a->mode == b->mode && g_strcmp0 (a->name, b->name) == 0 && g_strcmp0 (a->via, b->via) == 0
         && g_strcmp0 (a->mac, b->mac) == 0 && a->lan == b->lan && a->dhcp == b->dhcp
         && g_strv_equal ((const char *const *) a->addresses, (const char *const *) b->addresses)
         && g_strv_equal ((const char *const *) a->gateways, (const char *const *) b->gateways)
         && g_strv_equal ((const char *const *) a->routes, (const char *const *) b->routes)
         && g_strv_equal ((const char *const *) a->servers, (const char *const *) b->servers);
}

static void
append (char ***list, const char *item)
{
  guint n = g_strv_length (*list);

  *list = g_renew (char *, *list, n + 2);
  (*list)[n] = g_strdup (item);
  (*list)[n + 1] = NULL;
}

void
bh_net_spec_set_addresses (BhNetSpec *spec, char **addresses)
{
  g_strfreev (spec->addresses);
  spec->addresses = g_new0 (char *, 1);
  spec->dhcp = FALSE;
  for (char **address = addresses; *address; address++)
    if (g_str_equal (*address, DHCP))
      spec->dhcp = TRUE;
    else
      append (&spec->addresses, *address);
  g_strfreev (addresses);
}

static gboolean
read_mode (BhNetSpec *spec, const char *text)
{
  if (g_str_equal (text, "internet"))
    spec->mode = BH_NET_INTERNET;
  else if (g_str_equal (text, "nat"))
    spec->mode = BH_NET_NAT;
  else if (g_str_has_prefix (text, "vm:") && bh_vm_id_is_valid (text + 3))
    {
      spec->mode = BH_NET_VM;
      spec->via = g_strdup (text + 3);
    }
  else if (g_str_has_prefix (text, "bridge:") && bh_net_is_name (text + 7))
    {
      spec->mode = BH_NET_BRIDGE;
      spec->via = g_strdup (text + 7);
    }
  else
    return FALSE;
  return TRUE;
}

static gboolean
read_word (BhNetSpec *spec, const char *word)
{
  const char *value = strchr (word, '=');
  const char *const lists[] = { "address=", "gateway=", "dns=" };
  char ***const places[] = { &spec->addresses, &spec->gateways, &spec->servers };

  if (g_str_equal (word, "lan"))
    {
      spec->lan = TRUE;
      return TRUE;
    }
  if (g_str_equal (word, DHCP))
    {
      spec->dhcp = TRUE;
      return TRUE;
    }
  if (!value)
    return FALSE;
  value++;
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    if (g_str_has_prefix (word, lists[i]))
      {
        if (i == 0 ? !is_prefix (value, FALSE) : !bh_net_is_address (value))
          return FALSE;
        append (places[i], value);
        return TRUE;
      }
  if (g_str_has_prefix (word, "mac="))
    {
      if (spec->mac || !bh_net_is_mac (value))
        return FALSE;
      spec->mac = g_ascii_strdown (value, -1);
      return TRUE;
    }
  if (g_str_has_prefix (word, "route="))
    {
      g_autofree char *route = g_strdelimit (g_strdup (value), ",", ' ');

      if (!bh_net_is_route (route))
        return FALSE;
      append (&spec->routes, route);
      return TRUE;
    }
  return FALSE;
}

BhNetSpec *
bh_net_spec_parse (const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t", -1);
  g_autoptr (BhNetSpec) spec = bh_net_spec_new (BH_NET_NAT, NULL);
  const char *wrong = NULL;
  guint n = 0;

  for (char **word = words; *word && !wrong; word++)
    {
      gboolean good;

      if (!**word)
        continue;
      if (n == 0)
        {
          good = bh_net_is_name (*word);
          spec->name = g_strdup (*word);
        }
      else
        good = n == 1 ? read_mode (spec, *word) : read_word (spec, *word);
      n++;
      if (!good)
        wrong = *word;
    }
  if (!wrong && n >= 2)
    return g_steal_pointer (&spec);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "“%s” does not describe a network interface%s%s", text,
               wrong ? "; not understood: " : "", wrong ? wrong : "");
  return NULL;
}

gboolean
bh_net_is_spec (const char *text)
{
  g_autoptr (BhNetSpec) spec = bh_net_spec_parse (text, NULL);

  return spec != NULL;
}

gboolean
bh_net_prefixes_overlap (const char *a, const char *b)
{
  g_auto (GStrv) one = g_strsplit (a, "/", 2), other = g_strsplit (b, "/", 2);
  g_autoptr (GInetAddress) x = g_inet_address_new_from_string (one[0]);
  g_autoptr (GInetAddress) y = g_inet_address_new_from_string (other[0]);
  const guint8 *p, *q;
  guint length;

  if (!x || !y || !one[1] || !other[1]
      || g_inet_address_get_family (x) != g_inet_address_get_family (y))
    return FALSE;
  p = g_inet_address_to_bytes (x);
  q = g_inet_address_to_bytes (y);
  length = (guint) MIN (g_ascii_strtoull (one[1], NULL, 10), g_ascii_strtoull (other[1], NULL, 10));
  for (guint i = 0; i < length; i++)
    if ((p[i / 8] ^ q[i / 8]) & (0x80 >> i % 8))
      return FALSE;
  return TRUE;
}
