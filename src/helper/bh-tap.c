/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TAP interfaces for AppVMs.
 *
 * The caller gets the interface as an open descriptor: there is no name to race for, and it is not persistent,
 * so that it goes with the last process that has it. The order is fail-closed: the interface is made switched off,
 * gets its rules, and only then is switched on; at the end the interface goes first.
 *
 * Forwarding: the kernel has one switch for the computer. If it was off, it is switched on for the first routed
 * TAP and the firewall lets nothing through but TAPs; with the last one every interface gets the value
 * back that it had. IPv6 is not routed: its switch would stop the host from listening to router advertisements. */
#include "config.h"

#include "bh-tap.h"

#include "bh-error.h"
#include "bh-firewall.h"
#include "bh-netlink.h"
#include "bh-settings.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NAME "bhtap"
#define MAX_TAPS 1000
#define MAX_DNS 4
/* The network of a routed TAP: one address of the host's, one of the guest's. */
#define POINT_TO_POINT 30
#define FORWARDING "forwarding"
#define CONF "/proc/sys/net/ipv4/conf"

typedef struct
{
  gboolean bridge;
  guint8 mac[BH_MAC_LENGTH];
  const char *bridge_name;
  guint32 address;
  guint prefix;
  gboolean lan;
  char *dns; /* addresses with a space between */
} Wanted;

static void
wanted_clear (Wanted *wanted)
{
  g_free (wanted->dns);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wanted, wanted_clear)

static gboolean G_GNUC_PRINTF (2, 3) invalid (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (BH_ERROR, BH_ERROR_INVALID_ARGUMENT, format, args));
  va_end (args);
  return FALSE;
}

static char *
address_to_text (guint32 address)
{
  return g_strdup_printf ("%u.%u.%u.%u", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
                          address & 255);
}

static guint32
mask_of (guint prefix)
{
  return G_MAXUINT32 << (32 - prefix);
}

/* Four bytes of D-Bus; 0 when they are not four. */
static guint32
read_address (GVariant *value)
{
  gsize n = 0;
  const guint8 *bytes = g_variant_get_fixed_array (value, &n, 1);

  return n == 4 ? (guint32) bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3] : 0;
}

static GVariant *
write_address (guint32 address)
{
  const guint8 bytes[] = { address >> 24, address >> 16, address >> 8, address };

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, sizeof bytes, 1);
}

/* An address of one host somewhere: not 0/8, loopback, multicast or reserved. */
static gboolean
is_unicast (guint32 address)
{
  guint first = address >> 24;

  return first != 0 && first != 127 && first < 224;
}

static gboolean
read_dns (GVariant *value, Wanted *wanted, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  if (g_variant_n_children (value) > MAX_DNS)
    return invalid (error, "dns: at most %d name servers", MAX_DNS);
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) one = g_variant_get_child_value (value, i);
      guint32 address = read_address (one);
      g_autofree char *text = address_to_text (address);

      if (!is_unicast (address))
        return invalid (error, "dns: each is the 4 bytes of an IPv4 address of one computer");
      g_string_append_printf (list, "%s%s", list->len ? " " : "", text);
    }
  g_free (wanted->dns);
  wanted->dns = g_strdup (list->str);
  return TRUE;
}

/* One of the options; @create: all of them, else those that ChangeTap takes. */
static gboolean
read_option (const char *name, GVariant *value, gboolean create, Wanted *wanted, GError **error)
{
  static const struct
  {
    const char *name, *type;
    gboolean create_only;
  } options[] = {
    { "bridge", "s", TRUE }, { "address", "ay", TRUE }, { "prefix", "u", TRUE },
    { "lan", "b", FALSE },   { "dns", "aay", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      if (strcmp (name, options[i].name) != 0 || (options[i].create_only && !create))
        continue;
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE (options[i].type)))
        return invalid (error, "%s has type %s, and must have %s", name,
                        g_variant_get_type_string (value), options[i].type);
      switch (i)
        {
        case 0:
          wanted->bridge_name = g_variant_get_string (value, NULL);
          return TRUE;
        case 1:
          wanted->address = read_address (value);
          return wanted->address != 0 || invalid (error, "address: 4 bytes, not 0.0.0.0");
        case 2:
          wanted->prefix = g_variant_get_uint32 (value);
          return (wanted->prefix >= 8 && wanted->prefix <= 30) || invalid (error, "prefix: 8 to 30");
        case 3:
          wanted->lan = g_variant_get_boolean (value);
          return TRUE;
        default:
          return read_dns (value, wanted, error);
        }
    }
  return invalid (error, "there is no option “%.40s”", name);
}

static gboolean
read_options (GVariant *options, gboolean create, Wanted *wanted, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  wanted->dns = g_strdup ("");
  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      gboolean good = read_option (name, value, create, wanted, error);

      /* Its strings live as long as the message does. */
      g_variant_unref (value);
      if (!good)
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_address (Wanted *wanted, GError **error)
{
  guint32 host_part = wanted->address & ~mask_of (wanted->prefix);

  if (!bh_range_is_private (wanted->address, wanted->prefix))
    return invalid (error, "address: the network must be one of those for private use (10.0.0.0/8, "
                           "172.16.0.0/12, 192.168.0.0/16)");
  if (host_part == 0 || host_part == ~mask_of (wanted->prefix))
    return invalid (error, "address: the first and the last one of a network are no computer's");
  return TRUE;
}

static gboolean
read_create (GVariant *args, Wanted *wanted, GError **error)
{
  const char *mode;
  g_autoptr (GVariant) mac = NULL;
  g_autoptr (GVariant) options = NULL;
  const guint8 *bytes;
  gsize n;

  g_variant_get (args, "(&s@ay@a{sv})", &mode, &mac, &options);
  if (strcmp (mode, "nat") != 0 && strcmp (mode, "bridge") != 0)
    return invalid (error, "mode: “nat” or “bridge”");
  wanted->bridge = strcmp (mode, "bridge") == 0;
  bytes = g_variant_get_fixed_array (mac, &n, 1);
  if (n != BH_MAC_LENGTH || (bytes[0] & 1) != 0
      || memcmp (bytes, "\0\0\0\0\0\0", BH_MAC_LENGTH) == 0)
    return invalid (error, "mac: 6 bytes of one computer's hardware address (the first one even), not all 0");
  memcpy (wanted->mac, bytes, n);
  if (!read_options (options, TRUE, wanted, error))
    return FALSE;
  if (wanted->bridge != (wanted->bridge_name != NULL))
    return invalid (error, "bridge: to be given for the mode “bridge”, and only for it");
  if ((wanted->address != 0) != (wanted->prefix != 0))
    return invalid (error, "address and prefix: both or neither");
  return wanted->address == 0 || check_address (wanted, error);
}

static char *
mac_to_text (const guint8 *mac)
{
  return g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                          mac[5]);
}

static gboolean
check_bridge (const char *name, GError **error)
{
  g_autoptr (BhSettings) settings = bh_settings_read (error);

  if (settings == NULL)
    return FALSE;
  if (!g_strv_contains ((const char *const *) settings->bridges, name))
    g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                 "The bridge “%.15s” is not one that AppVMs may join. The administrator can allow it: a line "
                 "Bridges=%.15s in %s, group [Helper].",
                 name, name, BH_SETTINGS_FILE);
  else if (!bh_netlink_is_bridge (name))
    g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                 "%s allows the bridge “%s” (key Bridges), but there is no bridge of that name now.",
                 BH_SETTINGS_FILE, name);
  else
    return TRUE;
  return FALSE;
}

/* Another TAP with this hardware address, or network; one that is not yet made counts as well. */
static gboolean
check_other_taps (BhCall *call, const Wanted *wanted, GError **error)
{
  g_autofree char *mac = mac_to_text (wanted->mac);
  GPtrArray *holds = bh_ledger_holds (call->ledger);

  for (guint i = 0; i < holds->len; i++)
    {
      BhHold *hold = holds->pdata[i];

      if (hold != call->hold && strcmp (hold->kind, "tap") == 0
          && strcmp (bh_hold_get (hold, "mac"), mac) == 0)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "mac: another TAP has %s", mac);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
bh_tap_check (BhCall *call, GError **error)
{
  g_auto (Wanted) wanted = { 0 };
  g_autoptr (GError) local = NULL;
  g_autofree char *owner = NULL;
  g_autofree char *overlap = NULL;

  if (!read_create (call->args, &wanted, error) || !check_other_taps (call, &wanted, error))
    return FALSE;
  owner = bh_netlink_find_mac (wanted.mac);
  if (owner != NULL)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "mac: interface %s of this computer has that address", owner);
      return FALSE;
    }
  if (wanted.bridge)
    {
      g_hash_table_insert (call->details, g_strdup ("bridge"), g_strdup (wanted.bridge_name));
      return check_bridge (wanted.bridge_name, error);
    }
  if (wanted.address == 0)
    return TRUE;
  overlap = bh_netlink_find_overlap (wanted.address, wanted.prefix, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (overlap != NULL)
    {
      g_autofree char *text = address_to_text (wanted.address);

      g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                   "address: %s/%u overlaps %s, which this computer uses already. Choose another network.", text,
                   wanted.prefix, overlap);
      return FALSE;
    }
  return TRUE;
}

static gboolean
write_sysctl (const char *path, const char *value)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean good = fd >= 0 && write (fd, value, strlen (value)) == (ssize_t) strlen (value);

  if (fd >= 0)
    close (fd);
  return good;
}

/* Which interfaces forward now, and what goes with the switch: "all" "accept_redirects" too. */
static char *
read_forwarding (void)
{
  g_autoptr (GDir) dir = g_dir_open (CONF, 0, NULL);
  GString *list = g_string_new (NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    for (int i = 0; i < 2; i++)
      {
        const char *key = i == 0 ? "forwarding" : "accept_redirects";
        g_autofree char *path = g_build_filename (CONF, name, key, NULL);
        g_autofree char *value = NULL;

        if (g_file_get_contents (path, &value, NULL, NULL))
          g_string_append_printf (list, "%s/%s=%s ", name, key, g_strstrip (value));
      }
  return g_string_free (list, FALSE);
}

static gboolean
open_forwarding (BhLedger *ledger, GError **error)
{
  g_autofree char *now = NULL;
  g_autofree char *before = NULL;

  if (bh_ledger_get_shared (ledger, FORWARDING) != NULL)
    return TRUE;
  if (g_file_get_contents ("/proc/sys/net/ipv4/ip_forward", &now, NULL, NULL) && now[0] == '1')
    return TRUE;
  before = read_forwarding ();
  bh_ledger_set_shared (ledger, FORWARDING, before);
  if (!bh_ledger_save (ledger, error))
    {
      bh_ledger_set_shared (ledger, FORWARDING, NULL);
      return FALSE;
    }
  return TRUE;
}

/* After the rules are in place that let nothing else be forwarded. */
static gboolean
switch_forwarding_on (BhLedger *ledger, GError **error)
{
  if (bh_ledger_get_shared (ledger, FORWARDING) == NULL
      || write_sysctl ("/proc/sys/net/ipv4/ip_forward", "1"))
    return TRUE;
  bh_error_set_from_errno (error, errno, "Switching on forwarding (net.ipv4.ip_forward)");
  return FALSE;
}

static gboolean
has_routed (BhLedger *ledger, BhHold *except)
{
  GPtrArray *holds = bh_ledger_holds (ledger);

  for (guint i = 0; i < holds->len; i++)
    {
      BhHold *hold = holds->pdata[i];

      if (hold != except && strcmp (hold->kind, "tap") == 0
          && strcmp (bh_hold_get (hold, "mode"), "nat") == 0)
        return TRUE;
    }
  return FALSE;
}

/* Back to what it was when nobody needs it any more. */
static void
close_forwarding (BhLedger *ledger, BhHold *leaving)
{
  const char *before = bh_ledger_get_shared (ledger, FORWARDING);
  g_auto (GStrv) values = NULL;

  if (before == NULL || has_routed (ledger, leaving))
    return;
  (void) write_sysctl ("/proc/sys/net/ipv4/ip_forward", "0");
  values = g_strsplit (before, " ", -1);
  for (char **value = values; *value != NULL; value++)
    {
      char *equals = strchr (*value, '=');
      g_autofree char *path = NULL;

      if (equals == NULL)
        continue;
      *equals = '\0';
      path = g_build_filename (CONF, *value, NULL);
      /* Interfaces that have gone meanwhile need nothing. */
      (void) write_sysctl (path, equals + 1);
    }
  bh_ledger_set_shared (ledger, FORWARDING, NULL);
}

/* The first network of the administrator's ranges that nothing overlaps. */
static gboolean
choose_network (BhSettings *settings, guint32 *network, GError **error)
{
  for (guint i = 0; i < settings->ranges->len; i++)
    {
      BhRange *range = &g_array_index (settings->ranges, BhRange, i);
      guint64 size = (guint64) 1 << (32 - range->prefix);

      for (guint64 at = 0; at < size && at < 4 * MAX_TAPS; at += 4)
        {
          g_autoptr (GError) local = NULL;
          g_autofree char *overlap
              = bh_netlink_find_overlap (range->address + at, POINT_TO_POINT, &local);

          if (local != NULL)
            {
              g_propagate_error (error, g_steal_pointer (&local));
              return FALSE;
            }
          if (overlap == NULL)
            {
              *network = range->address + at;
              return TRUE;
            }
          /* A route that covers all of it will not end at the next address. */
          if (strchr (overlap, '/') != NULL
              && g_ascii_strtoull (strchr (overlap, '/') + 1, NULL, 10) <= range->prefix)
            break;
        }
    }
  g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
               "Every private network that TAPs may use overlaps a route of this computer. The administrator can name "
               "others: key Ranges in %s.",
               BH_SETTINGS_FILE);
  return FALSE;
}

static gboolean
choose_name (BhLedger *ledger, char name[IFNAMSIZ], GError **error)
{
  for (guint i = 0; i < MAX_TAPS; i++)
    {
      GPtrArray *holds = bh_ledger_holds (ledger);
      gboolean taken = FALSE;

      g_snprintf (name, IFNAMSIZ, NAME "%u", i);
      for (guint j = 0; j < holds->len; j++)
        taken = taken || strcmp (bh_hold_get (holds->pdata[j], "interface"), name) == 0;
      if (!taken && if_nametoindex (name) == 0)
        return TRUE;
    }
  g_set_error (error, BH_ERROR, BH_ERROR_LIMIT_REACHED, "There are %d TAPs on this computer already", MAX_TAPS);
  return FALSE;
}

static int
open_tap (const char *name, GError **error)
{
  struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL };
  int fd = open ("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    {
      bh_error_set_from_errno (error, errno, "Opening /dev/net/tun (kernel module tun)");
      return -1;
    }
  g_strlcpy (request.ifr_name, name, sizeof request.ifr_name);
  if (ioctl (fd, TUNSETIFF, &request) != 0)
    {
      bh_error_set_from_errno (error, errno, "Making the TAP %s", name);
      close (fd);
      return -1;
    }
  return fd;
}

static gboolean
write_facts (BhCall *call, Wanted *wanted, BhSettings *settings, GError **error)
{
  g_autofree char *mac = mac_to_text (wanted->mac);
  guint32 host = 0;
  char name[IFNAMSIZ];

  if (!choose_name (call->ledger, name, error))
    return FALSE;
  if (!wanted->bridge && wanted->address == 0)
    {
      guint32 network;

      if (!choose_network (settings, &network, error))
        return FALSE;
      host = network + 1;
      wanted->address = network + 2;
      wanted->prefix = POINT_TO_POINT;
    }
  else if (!wanted->bridge)
    {
      host = (wanted->address & mask_of (wanted->prefix)) + 1;
      if (host == wanted->address)
        host++;
    }
  bh_hold_set (call->hold, "interface", name);
  bh_hold_set (call->hold, "mode", wanted->bridge ? "bridge" : "nat");
  bh_hold_set (call->hold, "mac", mac);
  bh_hold_set_number (call->hold, "lan", wanted->lan);
  bh_hold_set (call->hold, "dns", wanted->dns);
  bh_hold_set_number (call->hold, "prefix", wanted->prefix);
  if (wanted->address != 0)
    {
      g_autofree char *address = address_to_text (wanted->address);

      bh_hold_set (call->hold, "address", address);
    }
  if (host != 0)
    {
      g_autofree char *gateway = address_to_text (host);

      bh_hold_set (call->hold, "gateway", gateway);
      bh_hold_set_number (call->hold, "gateway-number", host);
    }
  return (wanted->bridge || open_forwarding (call->ledger, error))
         && bh_ledger_save (call->ledger, error);
}

/* The interface is there and switched off. */
static gboolean
set_up (BhCall *call, const Wanted *wanted, BhSettings *settings, int index, GError **error)
{
  const char *name = bh_hold_get (call->hold, "interface");
  g_autofree char *no_ipv6 = g_strdup_printf ("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
  gboolean closed = bh_ledger_get_shared (call->ledger, FORWARDING) != NULL;

  if (!bh_firewall_apply (call->ledger, settings, closed, error))
    return FALSE;
  bh_helper_stop_point ("tap-ruled");
  /* The host itself has no business there in IPv6; where the kernel has none, this is no loss. */
  (void) write_sysctl (no_ipv6, "1");
  if (wanted->bridge)
    {
      int bridge = if_nametoindex (wanted->bridge_name);

      if (!bh_netlink_is_bridge (wanted->bridge_name) || !bh_netlink_join (index, bridge, error))
        {
          if (error != NULL && *error == NULL)
            (void) check_bridge (wanted->bridge_name, error);
          return FALSE;
        }
    }
  else if (!bh_netlink_add_address (index, bh_hold_get_number (call->hold, "gateway-number"),
                                    wanted->prefix, error)
           || !switch_forwarding_on (call->ledger, error))
    return FALSE;
  return bh_netlink_set_up (index, error);
}

static GVariant *
describe (BhCall *call, const Wanted *wanted, int fd, int index)
{
  GVariantDict network;
  struct ifreq request = { 0 };

  g_variant_dict_init (&network, NULL);
  g_strlcpy (request.ifr_name, bh_hold_get (call->hold, "interface"), IFNAMSIZ);
  g_variant_dict_insert (&network, "interface", "s", request.ifr_name);
  g_variant_dict_insert (&network, "index", "u", (guint32) index);
  g_variant_dict_insert (&network, "mtu", "u", (guint32) 1500);
  if (ioctl (fd, SIOCGIFHWADDR, &request) == 0)
    g_variant_dict_insert_value (&network, "host-mac",
                                 g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                            request.ifr_hwaddr.sa_data, 6, 1));
  if (wanted->address != 0)
    {
      g_variant_dict_insert_value (&network, "address", write_address (wanted->address));
      g_variant_dict_insert (&network, "prefix", "u", (guint32) wanted->prefix);
    }
  if (!wanted->bridge)
    g_variant_dict_insert_value (
        &network, "gateway", write_address (bh_hold_get_number (call->hold, "gateway-number")));
  return g_variant_dict_end (&network);
}

gboolean
bh_tap_create (BhCall *call, GError **error)
{
  g_auto (Wanted) wanted = { 0 };
  g_autoptr (BhSettings) settings = bh_settings_read (error);
  int fd, index, handle;

  if (settings == NULL || !read_create (call->args, &wanted, error)
      || !write_facts (call, &wanted, settings, error))
    return FALSE;
  bh_helper_stop_point ("tap-written");
  fd = open_tap (bh_hold_get (call->hold, "interface"), error);
  if (fd < 0)
    return FALSE;
  bh_helper_stop_point ("tap-made");
  index = if_nametoindex (bh_hold_get (call->hold, "interface"));
  bh_hold_set_number (call->hold, "index", index);
  if (!set_up (call, &wanted, settings, index, error))
    {
      close (fd);
      return FALSE;
    }
  bh_helper_stop_point ("tap-up");
  handle = g_unix_fd_list_append (call->fds, fd, error);
  if (handle >= 0)
    call->reply = g_variant_new ("(uh@a{sv})", call->hold->id, handle,
                                 describe (call, &wanted, fd, index));
  close (fd);
  return handle >= 0;
}

gboolean
bh_tap_check_change (BhCall *call, GError **error)
{
  g_auto (Wanted) wanted = { 0 };
  g_autoptr (GVariant) options = g_variant_get_child_value (call->args, 1);

  return read_options (options, FALSE, &wanted, error);
}

gboolean
bh_tap_change (BhCall *call, GError **error)
{
  g_auto (Wanted) wanted = { 0 };
  g_autoptr (GVariant) options = g_variant_get_child_value (call->args, 1);
  g_autoptr (BhSettings) settings = bh_settings_read (error);
  g_autofree char *dns = g_strdup (bh_hold_get (call->hold, "dns"));
  guint64 lan = bh_hold_get_number (call->hold, "lan");
  gboolean closed = bh_ledger_get_shared (call->ledger, FORWARDING) != NULL;

  if (settings == NULL || !read_options (options, FALSE, &wanted, error))
    return FALSE;
  bh_hold_set_number (call->hold, "lan", wanted.lan);
  bh_hold_set (call->hold, "dns", wanted.dns);
  if (bh_ledger_save (call->ledger, error)
      && bh_firewall_apply (call->ledger, settings, closed, error))
    return TRUE;
  bh_hold_set_number (call->hold, "lan", lan);
  bh_hold_set (call->hold, "dns", dns);
  (void) bh_ledger_save (call->ledger, NULL);
  return FALSE;
}

gboolean
bh_tap_undo (BhLedger *ledger, BhHold *hold, GError **error)
{
  const char *name = bh_hold_get (hold, "interface");
  g_autoptr (BhSettings) settings = NULL;

  /* Its owner did not get so far as to have it named. */
  if (name[0] == '\0')
    return TRUE;
  if (!bh_netlink_delete (name, error))
    return FALSE;
  /* Back before the rules go that keep it from being used for more. */
  close_forwarding (ledger, hold);
  settings = bh_settings_read (NULL);
  if (settings == NULL)
    settings = bh_settings_none ();
  return bh_firewall_apply (ledger, settings, bh_ledger_get_shared (ledger, FORWARDING) != NULL, error);
}

void
bh_tap_refresh (BhLedger *ledger)
{
  g_autoptr (BhSettings) settings = NULL;
  g_autoptr (GError) error = NULL;

  settings = bh_settings_read (&error);
  if (settings == NULL)
    settings = bh_settings_none ();
  if (!bh_firewall_apply (ledger, settings, bh_ledger_get_shared (ledger, FORWARDING) != NULL, &error))
    g_warning ("%s", error->message);
}
