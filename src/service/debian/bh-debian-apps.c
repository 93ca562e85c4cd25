/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The applications in a Debian template: desktop files that were put aside when it was built.
 *
 * Not by GDesktopAppInfo, which knows none whose program is not on this computer. */
#include "config.h"

#include "bh-debian-apps.h"

#include <string.h>

#include "bh-error.h"
#include "bh-text.h"

#define GROUP "Desktop Entry"
#define MAX_TEXT 200

static GKeyFile *
load (const char *dir, const char *id)
{
  g_autofree char *path = g_build_filename (dir, "applications", id, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *type = NULL;

  if (!bh_app_id_is_valid (id) || !g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return NULL;
  type = g_key_file_get_string (file, GROUP, "Type", NULL);
  if (g_strcmp0 (type, "Application") != 0 || !g_key_file_has_key (file, GROUP, "Exec", NULL))
    return NULL;
  return g_steal_pointer (&file);
}

static char *
get_text (GKeyFile *file, const char *key)
{
  g_autofree char *text = g_key_file_get_locale_string (file, GROUP, key, NULL, NULL);

  return bh_text_clean (text ? text : "", text ? strlen (text) : 0, MAX_TEXT);
}

/* A picture that was put aside, else its name: this computer may know it, too. */
static char *
find_icon (const char *dir, GKeyFile *file)
{
  g_autofree char *name = g_key_file_get_string (file, GROUP, "Icon", NULL);
  static const char *const endings[] = { ".svg", ".png" };

  if (!name || strchr (name, '/') || !g_utf8_validate (name, -1, NULL))
    return g_strdup ("");
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *base = g_strconcat (name, endings[i], NULL);
      g_autofree char *path = g_build_filename (dir, "icons", base, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&path);
    }
  return g_steal_pointer (&name);
}

static void
add_list (GVariantDict *dict, const char *name, GKeyFile *file, const char *key)
{
  g_auto (GStrv) list = g_key_file_get_locale_string_list (file, GROUP, key, NULL, NULL, NULL);
  static const char *const none[] = { NULL };

  g_variant_dict_insert_value (
      dict, name, g_variant_new_strv (list ? (const char *const *) list : none, -1));
}

static GVariant *
describe (const char *dir, const char *id, GKeyFile *file)
{
  g_autofree char *name = get_text (file, "Name"), *summary = get_text (file, "Comment");
  g_autofree char *icon = find_icon (dir, file);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "name", "s", *name ? name : id);
  g_variant_dict_insert (&dict, "summary", "s", summary);
  g_variant_dict_insert (&dict, "icon", "s", icon);
  add_list (&dict, "categories", file, "Categories");
  add_list (&dict, "keywords", file, "Keywords");
  g_variant_dict_insert (&dict, "usable", "b", TRUE);
  g_variant_dict_insert (&dict, "reason", "s", "");
  return g_variant_dict_end (&dict);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_ids (const char *path)
{
  g_autofree char *folder = g_build_filename (path, "applications", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (ids, g_strdup (name));
  g_ptr_array_sort (ids, compare);
  return ids;
}

void
bh_debian_apps_list (const char *path, GVariantBuilder *out)
{
  g_autoptr (GPtrArray) ids = list_ids (path);

  for (guint i = 0; i < ids->len; i++)
    {
      g_autoptr (GKeyFile) file = load (path, ids->pdata[i]);

      if (file && !g_key_file_get_boolean (file, GROUP, "NoDisplay", NULL)
          && !g_key_file_get_boolean (file, GROUP, "Hidden", NULL))
        g_variant_builder_add_value (out, describe (path, ids->pdata[i], file));
    }
}

GKeyFile *
bh_debian_apps_load (BhVmConfig *config, const char *id)
{
  g_autoptr (BhDebianSet) set = bh_debian_set_of (config, NULL);
  g_autofree char *dir = set ? bh_debian_find (set, NULL) : NULL;

  return dir ? load (dir, id) : NULL;
}

char **
bh_debian_apps_ids (BhVmConfig *config)
{
  g_autoptr (BhDebianSet) set = bh_debian_set_of (config, NULL);
  g_autofree char *dir = set ? bh_debian_find (set, NULL) : NULL;
  g_autoptr (GPtrArray) ids = dir ? list_ids (dir) : g_ptr_array_new ();

  g_ptr_array_set_free_func (ids, NULL);
  g_ptr_array_add (ids, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&ids), FALSE);
}

char *
bh_debian_apps_find (BhVmConfig *config, const char *id, char **class, GIcon **icon)
{
  g_autoptr (BhDebianSet) set = bh_debian_set_of (config, NULL);
  g_autofree char *dir = set ? bh_debian_find (set, NULL) : NULL;
  g_autoptr (GKeyFile) file = dir ? load (dir, id) : NULL;
  g_autofree char *picture = NULL;

  if (!file)
    return NULL;
  *class = g_key_file_get_string (file, GROUP, "StartupWMClass", NULL);
  picture = find_icon (dir, file);
  *icon = *picture ? g_icon_new_for_string (picture, NULL) : NULL;
  return g_build_filename (dir, "applications", id, NULL);
}

char *
bh_debian_apps_check (BhVmConfig *config, const char *id, GError **error)
{
  g_autoptr (BhDebianSet) set = bh_debian_set_of (config, error);
  g_autofree char *dir = set ? bh_debian_find (set, error) : NULL;
  g_autoptr (GKeyFile) file = NULL;
  g_autofree char *what = NULL;
  char *name;

  if (!dir)
    return NULL;
  if ((file = load (dir, id)) == NULL)
    {
      g_autofree char *shown = bh_text_clean (id, strlen (id), 80);

      what = bh_debian_set_describe (set);
      g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
                   "The application %s is not in the Debian template %s. Add its package to Packages",
                   shown, what);
      return NULL;
    }
  name = get_text (file, "Name");
  if (*name)
    return name;
  g_free (name);
  return g_strdup (id);
}
