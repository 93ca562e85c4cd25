/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network interfaces that an AppVM's settings ask for. */
#include "config.h"

#include "bh-net-spec.h"

#include "bh-error.h"
#include "bh-paths.h"

#include <string.h>

#define DEFAULT_NAME "eth0"

G_GNUC_PRINTF (4, 5)
static gboolean
refuse (BhVmConfig *config, GError **error, const char *key, const char *format, ...)
{
  g_autofree char *path = bh_paths_vm_file (bh_vm_config_get_id (config));
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "%s: %s: %s", path, key, what);
  return FALSE;
}

static gboolean
has_family (char **addresses, gboolean v6)
{
  for (; *addresses; addresses++)
    if ((strchr (*addresses, ':') != NULL) == v6)
      return TRUE;
  return FALSE;
}

/* One address of each family; a gateway and a route need an address of their family. */
static gboolean
check_addresses (BhVmConfig *config, const BhNetSpec *spec, const char *key, GError **error)
{
  for (int v6 = 0; v6 < 2; v6++)
    {
      guint n = 0;

      for (char **p = spec->gateways; *p; p++)
        n += (strchr (*p, ':') != NULL) == v6;
      if (n > 1)
        return refuse (config, error, key, "interface %s has two gateways of one kind", spec->name);
      if (has_family (spec->gateways, v6) && !has_family (spec->addresses, v6))
        return refuse (config, error, key, "interface %s has an IPv%d gateway, but no such address",
                       spec->name, v6 ? 6 : 4);
    }
  if (spec->dhcp && spec->mode != BH_NET_BRIDGE)
    return refuse (config, error, key, "interface %s can ask by DHCP on a bridge only", spec->name);
  if (spec->dhcp && (*spec->addresses || *spec->gateways))
    return refuse (config, error, key, "interface %s has dhcp as well as an address or gateway",
                   spec->name);
  if (spec->mode == BH_NET_BRIDGE && !*spec->addresses && !spec->dhcp)
    return refuse (config, error, key, "interface %s is on a bridge and needs an address, or dhcp",
                   spec->name);
  if (spec->mode == BH_NET_NAT && has_family (spec->addresses, TRUE))
    return refuse (config, error, key, "interface %s has IPv4 only without a bridge", spec->name);
  if ((spec->mode == BH_NET_INTERNET || spec->mode == BH_NET_VM)
      && (*spec->addresses || *spec->gateways))
    return refuse (config, error, key, "interface %s gets its addresses by itself", spec->name);
  return TRUE;
}

/* The interface of the keys with one value each. */
static gboolean
add_main (BhVmConfig *config, GPtrArray *specs, GError **error)
{
  const char *network = bh_vm_config_get (config, "Network");
  const char *name = bh_vm_config_get (config, "InterfaceName");
  const char *bridge = bh_vm_config_get (config, "Bridge");
  const char *via = bh_vm_config_get (config, "NetVm");
  g_autoptr (BhNetSpec) spec = NULL;

  if (g_str_equal (network, "none"))
    return TRUE;
  spec = bh_net_spec_new (BH_NET_INTERNET, *name ? name : DEFAULT_NAME);
  spec->lan = bh_vm_config_get_bool (config, "Lan");
  /* Nobody of ours is in there who could be told its address. */
  spec->dhcp = bh_vm_config_is_disk (config);
  g_strfreev (spec->servers);
  spec->servers = bh_vm_config_get_list (config, "Dns");
  if (*bh_vm_config_get (config, "Mac"))
    spec->mac = g_ascii_strdown (bh_vm_config_get (config, "Mac"), -1);
  if (g_str_equal (network, "vm"))
    {
      if (!*via)
        return refuse (config, error, "NetVm", "Network is “vm”, but this names no AppVM");
      spec->mode = BH_NET_VM;
      spec->via = g_strdup (via);
    }
  else if (g_str_equal (network, "kernel"))
    {
      spec->mode = *bridge ? BH_NET_BRIDGE : BH_NET_NAT;
      spec->via = *bridge ? g_strdup (bridge) : NULL;
      g_strfreev (spec->gateways);
      g_strfreev (spec->routes);
      bh_net_spec_set_addresses (spec, bh_vm_config_get_list (config, "Address"));
      spec->gateways = bh_vm_config_get_list (config, "Gateway");
      spec->routes = bh_vm_config_get_list (config, "Routes");
      if (!check_addresses (config, spec, "Address", error))
        return FALSE;
    }
  g_ptr_array_add (specs, g_steal_pointer (&spec));
  return TRUE;
}

/* Networks of one AppVM that overlap could not be told apart by it. */
static gboolean
check_overlap (BhVmConfig *config, GPtrArray *specs, GError **error)
{
  for (guint i = 0; i < specs->len; i++)
    for (guint j = 0; j < i; j++)
      {
        const BhNetSpec *a = specs->pdata[i], *b = specs->pdata[j];

        if (g_str_equal (a->name, b->name))
          return refuse (config, error, "Interfaces", "two interfaces are called %s", a->name);
        if (a->mac && b->mac && g_str_equal (a->mac, b->mac))
          return refuse (config, error, "Interfaces", "two interfaces have the address %s", a->mac);
        for (char **p = a->addresses; *p; p++)
          for (char **q = b->addresses; *q; q++)
            if (bh_net_prefixes_overlap (*p, *q))
              return refuse (config, error, "Interfaces",
                             "%s of interface %s and %s of interface %s overlap", *p, a->name, *q,
                             b->name);
      }
  return TRUE;
}

GPtrArray *
bh_net_spec_list (BhVmConfig *config, GError **error)
{
  g_autoptr (GPtrArray) specs = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_net_spec_free);
  g_auto (GStrv) more = bh_vm_config_get_list (config, "Interfaces");

  if (!add_main (config, specs, error))
    return NULL;
  for (char **text = more; *text; text++)
    {
      g_autoptr (BhNetSpec) spec = bh_net_spec_parse (*text, error);

      if (!spec || !check_addresses (config, spec, "Interfaces", error))
        return NULL;
      g_ptr_array_add (specs, g_steal_pointer (&spec));
    }
  if (specs->len > BH_NET_SPEC_MAX)
    {
      refuse (config, error, "Interfaces", "an AppVM can have %d network interfaces, these are %u",
              BH_NET_SPEC_MAX, specs->len);
      return NULL;
    }
  return check_overlap (config, specs, error) ? g_steal_pointer (&specs) : NULL;
}

GPtrArray *
bh_net_spec_list_providers (BhVmConfig *config)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) more = bh_vm_config_get_list (config, "Interfaces");

  if (g_str_equal (bh_vm_config_get (config, "Network"), "vm")
      && *bh_vm_config_get (config, "NetVm"))
    g_ptr_array_add (ids, g_strdup (bh_vm_config_get (config, "NetVm")));
  for (char **text = more; *text; text++)
    {
      g_autoptr (BhNetSpec) spec = bh_net_spec_parse (*text, NULL);

      if (spec && spec->mode == BH_NET_VM)
        g_ptr_array_add (ids, g_strdup (spec->via));
    }
  return ids;
}

char *
bh_net_spec_make_mac (const char *id, const char *role, guint slot)
{
  g_autofree char *text = g_strdup_printf ("%s %s %u", id, role, slot);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  /* 02: locally administered, of one computer. */
  return g_strdup_printf ("02:%.2s:%.2s:%.2s:%.2s:%.2s", sum, sum + 2, sum + 4, sum + 6, sum + 8);
}
