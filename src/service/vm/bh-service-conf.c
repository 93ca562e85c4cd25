/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings of the service itself. */
#include "config.h"

#include "bh-service-conf.h"

#include "bh-paths.h"

#define GROUP "Service"

static char *
conf_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "bulkhead", "service.conf", NULL);
}

/* NULL: it is not there. */
static char *
get (const char *key)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = conf_path ();
  g_autoptr (GError) error = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    {
      if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_message ("%s: %s", path, error->message);
      return NULL;
    }
  return g_key_file_get_value (file, GROUP, key, NULL);
}

guint
bh_service_conf_get_uint (const char *key, guint max, guint fallback)
{
  g_autofree char *text = get (key);
  guint64 value;

  if (!text)
    return fallback;
  if (g_ascii_string_to_unsigned (text, 10, 0, max, &value, NULL))
    return (guint) value;
  g_message ("service.conf: %s is a number from 0 to %u", key, max);
  return fallback;
}

gboolean
bh_service_conf_get_boolean (const char *key)
{
  g_autofree char *text = get (key);

  return g_strcmp0 (text, "true") == 0;
}

gboolean
bh_service_conf_set (const char *key, const char *value, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = conf_path ();
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *text = NULL;

  g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS, NULL);
  g_key_file_set_value (file, GROUP, key, value);
  text = g_key_file_to_data (file, NULL, NULL);
  return bh_paths_ensure (dir, error)
         && g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
