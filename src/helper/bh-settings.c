/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * helper.conf: a key file. A mistake in it stops the verbs that read it, and says where it is: better than
 * half of what the administrator meant. */
#include "config.h"

#include "bh-settings.h"

#include "bh-error.h"

#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

static const char *const keys[] = { "Bridges", "Ranges", "AllowHost", "Qemu", NULL };
static const char *const default_ranges[] = { "10.213.0.0/16", "172.29.128.0/17", "192.168.213.0/24",
                                              NULL };
static const char *const default_qemu[] = { "/usr/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm",
                                            "/usr/bin/qemu-kvm", NULL };

#define GROUP "Helper"

gboolean
bh_range_is_private (guint32 address, guint prefix)
{
  return (prefix >= 8 && address >> 24 == 10) || (prefix >= 12 && address >> 20 == (172 << 4 | 1))
         || (prefix >= 16 && address >> 16 == (192 << 8 | 168));
}

static gboolean
complain (GError **error, const char *key, const char *value, const char *what)
{
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
               "%s: %s=%s: %s. The administrator of this computer must correct it.", BH_SETTINGS_FILE, key,
               value, what);
  return FALSE;
}

static gboolean
parse_range (const char *text, BhRange *range)
{
  const char *slash = strchr (text, '/');
  g_autofree char *host = slash ? g_strndup (text, slash - text) : NULL;
  g_autoptr (GInetAddress) address = host ? g_inet_address_new_from_string (host) : NULL;
  guint64 prefix;
  const guint8 *bytes;

  if (address == NULL || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV4
      || !g_ascii_string_to_unsigned (slash + 1, 10, 8, 30, &prefix, NULL))
    return FALSE;
  bytes = g_inet_address_to_bytes (address);
  range->address = (guint32) bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
  range->prefix = prefix;
  return (range->address & ~(G_MAXUINT32 << (32 - prefix))) == 0
         && bh_range_is_private (range->address, prefix);
}

static gboolean
parse_service (const char *text, BhService *service)
{
  guint64 port;

  if (g_str_has_prefix (text, "tcp:"))
    service->protocol = "tcp";
  else if (g_str_has_prefix (text, "udp:"))
    service->protocol = "udp";
  else
    return FALSE;
  if (!g_ascii_string_to_unsigned (text + 4, 10, 1, 65535, &port, NULL))
    return FALSE;
  service->port = port;
  return TRUE;
}

static gboolean
bridge_is_valid (const char *name)
{
  if (name[0] == '\0' || strlen (name) >= IF_NAMESIZE)
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-", *p) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
read_lists (GKeyFile *file, BhSettings *settings, GError **error)
{
  g_auto (GStrv) ranges = g_key_file_get_string_list (file, GROUP, "Ranges", NULL, NULL);
  g_auto (GStrv) services = g_key_file_get_string_list (file, GROUP, "AllowHost", NULL, NULL);
  char **bridges = g_key_file_get_string_list (file, GROUP, "Bridges", NULL, NULL);
  char **qemu = g_key_file_get_string_list (file, GROUP, "Qemu", NULL, NULL);

  if (bridges != NULL)
    {
      g_strfreev (settings->bridges);
      settings->bridges = bridges;
    }
  g_strfreev (settings->qemu);
  settings->qemu = qemu ? qemu : g_strdupv ((char **) default_qemu);
  for (char **name = settings->bridges; *name != NULL; name++)
    if (!bridge_is_valid (g_strstrip (*name)))
      return complain (error, "Bridges", *name, "not the name of an interface");
  for (char **path = settings->qemu; *path != NULL; path++)
    if (!g_path_is_absolute (g_strstrip (*path)))
      return complain (error, "Qemu", *path, "not an absolute path");
  for (const char *const *text = ranges ? (const char *const *) ranges : default_ranges;
       *text != NULL; text++)
    {
      BhRange range;

      if (!parse_range (*text, &range))
        return complain (error, "Ranges", *text, "not a private IPv4 network such as 10.213.0.0/16 (/8 to /30)");
      g_array_append_val (settings->ranges, range);
    }
  for (char **text = services; text != NULL && *text != NULL; text++)
    {
      BhService service;

      if (!parse_service (*text, &service))
        return complain (error, "AllowHost", *text, "not a service such as tcp:631");
      g_array_append_val (settings->services, service);
    }
  return TRUE;
}

static gboolean
check_names (GKeyFile *file, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  g_auto (GStrv) names = g_key_file_get_keys (file, GROUP, NULL, NULL);

  for (char **group = groups; *group != NULL; group++)
    if (strcmp (*group, GROUP) != 0)
      return complain (error, "group", *group, "there is only [" GROUP "]");
  for (char **name = names; name != NULL && *name != NULL; name++)
    if (!g_strv_contains (keys, *name))
      return complain (error, *name, "…", "there is no such key");
  return TRUE;
}

BhSettings *
bh_settings_none (void)
{
  BhSettings *settings = g_new0 (BhSettings, 1);

  settings->bridges = g_new0 (char *, 1);
  settings->qemu = g_new0 (char *, 1);
  settings->ranges = g_array_new (FALSE, FALSE, sizeof (BhRange));
  settings->services = g_array_new (FALSE, FALSE, sizeof (BhService));
  return settings;
}

BhSettings *
bh_settings_read (GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (BhSettings) settings = bh_settings_none ();
  g_autoptr (GError) local = NULL;
  struct stat info;

  if (stat (BH_SETTINGS_FILE, &info) == 0 && (info.st_uid != 0 || (info.st_mode & 022) != 0))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "%s can be written by others than root, so it says nothing about what the administrator allows. "
                   "Make it root's, mode 0644.",
                   BH_SETTINGS_FILE);
      return NULL;
    }
  if (!g_key_file_load_from_file (file, BH_SETTINGS_FILE, G_KEY_FILE_NONE, &local)
      && !g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s cannot be read: %s", BH_SETTINGS_FILE,
                   local->message);
      return NULL;
    }
  if (!check_names (file, error) || !read_lists (file, settings, error))
    return NULL;
  return g_steal_pointer (&settings);
}

void
bh_settings_free (BhSettings *settings)
{
  g_strfreev (settings->bridges);
  g_strfreev (settings->qemu);
  g_array_unref (settings->ranges);
  g_array_unref (settings->services);
  g_free (settings);
}
