/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For which types of files the desktop has a default program. */
#include "config.h"

#include "bh-mime-defaults.h"

#include <gio/gdesktopappinfo.h>
#include <string.h>

#define GROUP "Default Applications"

static gboolean
is_installed (const char *const *ids)
{
  for (gsize i = 0; ids[i]; i++)
    {
      g_autoptr (GDesktopAppInfo) info = *ids[i] ? g_desktop_app_info_new (ids[i]) : NULL;

      if (info)
        return TRUE;
    }
  return FALSE;
}

static void
read_file (GHashTable *types, const char *dir, const char *sub, const char *name)
{
  g_autofree char *path = g_build_filename (dir, sub, name, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) keys = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return;
  keys = g_key_file_get_keys (file, GROUP, NULL, NULL);
  for (char **key = keys; key && *key; key++)
    {
      g_auto (GStrv) ids = g_key_file_get_string_list (file, GROUP, *key, NULL, NULL);

      if (ids && !g_hash_table_contains (types, *key) && is_installed ((const char *const *) ids))
        g_hash_table_add (types, g_strdup (*key));
    }
}

/* The desktops' own lists, and the common one. */
static void
read_dir (GHashTable *types, const char *dir, const char *sub)
{
  const char *current = g_getenv ("XDG_CURRENT_DESKTOP");
  g_auto (GStrv) desktops = g_strsplit (current ? current : "", ":", 16);

  for (char **p = desktops; *p; p++)
    if (**p && !strchr (*p, '/'))
      {
        g_autofree char *lower = g_ascii_strdown (*p, -1);
        g_autofree char *name = g_strconcat (lower, "-mimeapps.list", NULL);

        read_file (types, dir, sub, name);
      }
  read_file (types, dir, sub, "mimeapps.list");
}

GHashTable *
bh_mime_defaults_load (void)
{
  GHashTable *types = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  read_dir (types, g_get_user_config_dir (), "");
  for (const char *const *p = g_get_system_config_dirs (); *p; p++)
    read_dir (types, *p, "");
  read_dir (types, g_get_user_data_dir (), "applications");
  for (const char *const *p = g_get_system_data_dirs (); *p; p++)
    read_dir (types, *p, "applications");
  return types;
}
