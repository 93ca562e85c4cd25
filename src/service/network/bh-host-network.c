/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this computer's own network is like. */
#include "config.h"

#include "bh-host-network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RESOLV_CONF "/etc/resolv.conf"
/* systemd-resolved(8): the same without its own one. */
#define UPSTREAM_CONF "/run/systemd/resolve/resolv.conf"
/* Changes come in bunches. */
#define SETTLE_MS 150
#define MAX_SERVERS 4

static guint
mask_length (const struct sockaddr *mask)
{
  const guint8 *bytes;
  gsize n;
  guint length = 0;

  if (!mask)
    return 0;
  bytes = mask->sa_family == AF_INET6
              ? (const guint8 *) &((const struct sockaddr_in6 *) mask)->sin6_addr
              : (const guint8 *) &((const struct sockaddr_in *) mask)->sin_addr;
  n = mask->sa_family == AF_INET6 ? 16 : 4;
  for (gsize i = 0; i < n; i++)
    for (int bit = 7; bit >= 0; bit--)
      {
        if (!(bytes[i] & (1 << bit)))
          return length;
        length++;
      }
  return length;
}

static void
read_addresses (BhHostNetwork *self)
{
  struct ifaddrs *list = NULL;

  if (getifaddrs (&list) != 0)
    return;
  for (struct ifaddrs *one = list; one; one = one->ifa_next)
    {
      char text[INET6_ADDRSTRLEN];
      int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
      guint length;

      if ((family != AF_INET && family != AF_INET6) || one->ifa_flags & IFF_LOOPBACK)
        continue;
      inet_ntop (family,
                 family == AF_INET ? (void *) &((struct sockaddr_in *) one->ifa_addr)->sin_addr
                                   : (void *) &((struct sockaddr_in6 *) one->ifa_addr)->sin6_addr,
                 text, sizeof text);
      g_ptr_array_add (self->own, g_strdup (text));
      length = mask_length (one->ifa_netmask);
      if (length > 0)
        g_ptr_array_add (self->near, g_strdup_printf ("%s/%u", text, length));
    }
  freeifaddrs (list);
}

/* /proc/net/route: interface, destination, gateway, flags, …, mask as the eighth field. */
static char *
find_default_v4 (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/net/route", &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    {
      unsigned long destination, flags, mask;
      char name[64];

      if (sscanf (*line, "%63s %lx %*x %lx %*d %*d %*d %lx", name, &destination, &flags, &mask) == 4
          && mask == 0 && destination == 0 && flags & 1 && !(flags & 0x200))
        return g_strdup (name);
    }
  return NULL;
}

/* /proc/net/ipv6_route: destination, length, …, flags as the ninth field, interface. */
static char *
find_default_v6 (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/net/ipv6_route", &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    {
      unsigned length, flags;
      char name[64];

      if (sscanf (*line, "%*32s %x %*32s %*x %*32s %*x %*x %*x %x %63s", &length, &flags, name) == 3
          && length == 0 && flags & 1 && !(flags & 0x200) && strcmp (name, "lo") != 0)
        return g_strdup (name);
    }
  return NULL;
}

static void
read_servers (GPtrArray *servers, const char *path)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line && servers->len < MAX_SERVERS; line++)
    {
      g_auto (GStrv) words = g_strsplit_set (g_strstrip (*line), " \t", 3);

      if (g_strv_length (words) >= 2 && g_str_equal (words[0], "nameserver"))
        {
          g_autoptr (GInetAddress) address = g_inet_address_new_from_string (words[1]);

          /* One with a scope (fe80::1%eth0) cannot be asked from elsewhere. */
          if (address)
            g_ptr_array_add (servers, g_inet_address_to_string (address));
        }
    }
}

BhHostNetwork *
bh_host_network_read (void)
{
  BhHostNetwork *self = g_new0 (BhHostNetwork, 1);
  g_autofree char *v4 = NULL, *v6 = NULL;

  self->own = g_ptr_array_new_with_free_func (g_free);
  self->near = g_ptr_array_new_with_free_func (g_free);
  self->servers = g_ptr_array_new_with_free_func (g_free);
  self->upstream = g_ptr_array_new_with_free_func (g_free);
  v4 = find_default_v4 ();
  v6 = find_default_v6 ();
  self->has_v4 = v4 != NULL;
  self->has_v6 = v6 != NULL;
  self->way = g_strdup_printf ("%s %s", v4 ? v4 : "", v6 ? v6 : "");
  read_addresses (self);
  read_servers (self->servers, RESOLV_CONF);
  read_servers (self->upstream, UPSTREAM_CONF);
  return self;
}

void
bh_host_network_free (BhHostNetwork *self)
{
  g_ptr_array_unref (self->own);
  g_ptr_array_unref (self->near);
  g_ptr_array_unref (self->servers);
  g_ptr_array_unref (self->upstream);
  g_free (self->way);
  g_free (self);
}

static gboolean
same_list (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!g_str_equal (a->pdata[i], b->pdata[i]))
      return FALSE;
  return TRUE;
}

gboolean
bh_host_network_equal (const BhHostNetwork *a, const BhHostNetwork *b)
{
  return g_str_equal (a->way, b->way) && same_list (a->own, b->own) && same_list (a->near, b->near)
         && same_list (a->servers, b->servers) && same_list (a->upstream, b->upstream);
}

gboolean
bh_host_network_is_loopback (const char *address)
{
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);

  return parsed && g_inet_address_get_is_loopback (parsed);
}

/* The watch. */

struct _BhHostNetworkWatch
{
  GObject parent;
  GNetworkMonitor *monitor;
  GFileMonitor *files[3]; /* the name, what it is a link to, and the other one */
  guint settle;
};

G_DEFINE_TYPE (BhHostNetworkWatch, bh_host_network_watch, G_TYPE_OBJECT)

static guint changed_signal;

static gboolean
settled (gpointer data)
{
  BhHostNetworkWatch *self = data;

  self->settle = 0;
  g_signal_emit (self, changed_signal, 0);
  return G_SOURCE_REMOVE;
}

static void
on_network (GNetworkMonitor *monitor, gboolean available, BhHostNetworkWatch *self)
{
  if (!self->settle)
    self->settle = g_timeout_add (SETTLE_MS, settled, self);
}

static void
on_file (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
         BhHostNetworkWatch *self)
{
  on_network (NULL, TRUE, self);
}

static void
bh_host_network_watch_class_init (BhHostNetworkWatchClass *klass)
{
  changed_signal = g_signal_new ("changed", BH_TYPE_HOST_NETWORK_WATCH, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
bh_host_network_watch_init (BhHostNetworkWatch *self)
{
  g_autofree char *target = realpath (RESOLV_CONF, NULL);
  const char *const paths[] = { RESOLV_CONF, target, UPSTREAM_CONF };

  self->monitor = g_network_monitor_get_default ();
  g_signal_connect (self->monitor, "network-changed", G_CALLBACK (on_network), self);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GFile) file = paths[i] ? g_file_new_for_path (paths[i]) : NULL;

      if (!file || (i > 0 && g_str_equal (paths[i], paths[i - 1])))
        continue;
      self->files[i] = g_file_monitor_file (
          file, G_FILE_MONITOR_WATCH_MOVES | G_FILE_MONITOR_WATCH_HARD_LINKS, NULL, NULL);
      if (self->files[i])
        g_signal_connect (self->files[i], "changed", G_CALLBACK (on_file), self);
    }
}

BhHostNetworkWatch *
bh_host_network_watch_get (void)
{
  static BhHostNetworkWatch *watch; /* for as long as the process */

  if (!watch)
    watch = g_object_new (BH_TYPE_HOST_NETWORK_WATCH, NULL);
  return watch;
}
