/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Disposable AppVMs: what they may, how they are numbered, and what is kept of them while they run. */
#include "config.h"

#include "bh-disposable.h"

#include "bh-folders.h"

#include <glib/gstdio.h>
#include <string.h>

#define MARK "--"

/* Whatever the definition says: of what cannot be had twice, and what would make it outlive its run. */
static const char *const fixed[][2] = {
  { "Disposable", "true" },
  { "Launchers", "false" },
  { "Home", "none" },
  { "ImageChanges", "drop" },
  { "UsbDevices", "" },
  { "PciDevices", "" },
  { "Disks", "" },
  { "Mac", "" },
};

char *
bh_disposable_make_id (const char *definition, guint number)
{
  g_autofree char *end = g_strdup_printf (MARK "%u", number);

  return g_strdup_printf ("%.*s%s", (int) (BH_VM_ID_MAX - strlen (end)), definition, end);
}

guint
bh_disposable_get_number (const char *id)
{
  const char *mark = g_strrstr (id, MARK);
  guint64 number;

  return mark && mark != id
                 && g_ascii_string_to_unsigned (mark + strlen (MARK), 10, 1, BH_DISPOSABLES_MAX,
                                                &number, NULL)
             ? (guint) number
             : 0;
}

gboolean
bh_disposable_is_id (const char *id)
{
  return bh_vm_id_is_valid (id) && bh_disposable_get_number (id) > 0;
}

/* What it may reach. */

static char *
join (GPtrArray *items)
{
  g_ptr_array_add (items, NULL);
  return g_strjoinv (";", (char **) items->pdata);
}

static char *
narrow_list (const char *wanted, const char *limit)
{
  g_auto (GStrv) items = g_strsplit (wanted, ";", -1);
  g_auto (GStrv) allowed = g_strsplit (limit, ";", -1);
  g_autoptr (GPtrArray) both = g_ptr_array_new ();

  for (char **p = items; *p; p++)
    if (**p && g_strv_contains ((const char *const *) allowed, *p))
      g_ptr_array_add (both, *p);
  return join (both);
}

static const BhFolder *
find_folder (GPtrArray *folders, const BhFolder *like)
{
  for (guint i = 0; folders && i < folders->len; i++)
    {
      const BhFolder *folder = folders->pdata[i];

      if (g_str_equal (folder->host, like->host) && g_str_equal (folder->guest, like->guest))
        return folder;
    }
  return NULL;
}

static char *
narrow_folders (const char *wanted, const char *limit, gboolean may_write)
{
  g_autoptr (GPtrArray) folders = bh_folders_parse (wanted, BH_FOLDERS_MAX, NULL);
  g_autoptr (GPtrArray) allowed = bh_folders_parse (limit, BH_FOLDERS_MAX, NULL);
  g_autoptr (GPtrArray) both = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; folders && i < folders->len; i++)
    {
      BhFolder *folder = folders->pdata[i];
      const BhFolder *also = find_folder (allowed, folder);

      if (!also)
        continue;
      folder->writable = folder->writable && also->writable && may_write;
      g_ptr_array_add (both, bh_folder_to_text (folder));
    }
  return join (both);
}

/* The value of @key that gives no more than @wanted and no more than @limit. */
static char *
narrow (const BhKey *key, const char *wanted, const char *limit, gboolean may_write)
{
  if (key->type == BH_KEY_FOLDERS)
    return narrow_folders (wanted, limit, may_write);
  if (g_str_equal (wanted, limit))
    return g_strdup (wanted);
  if (key->type == BH_KEY_LIST)
    return narrow_list (wanted, limit);
  /* Switches of this kind let something through when they are on. */
  if (key->type == BH_KEY_BOOL)
    return g_strdup ("false");
  return g_strdup (key->fallback);
}

static gboolean
limits_reach (const BhKey *key)
{
  return key->weakens || key->type == BH_KEY_FOLDERS
         || (key->type == BH_KEY_BOOL && key->group == BH_GROUP_REACH);
}

BhVmConfig *
bh_disposable_config (BhVmConfig *definition, BhVmConfig *asker, const char *id, const char *name,
                      GError **error)
{
  g_autoptr (GHashTable) settings =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr (BhVmConfig) copy = bh_vm_config_copy (definition, id, name, error);
  gboolean may_write = bh_vm_config_get_bool (definition, "Disposable");
  gsize n;
  const BhKey *keys = bh_keys (&n);

  if (!copy)
    return NULL;
  for (gsize i = 0; i < n; i++)
    if (limits_reach (&keys[i]))
      g_hash_table_insert (settings, (gpointer) keys[i].name,
                           narrow (&keys[i], bh_vm_config_get (definition, keys[i].name),
                                   bh_vm_config_get (asker, keys[i].name), may_write));
  /* The same kind of network, but not the same network. */
  if (!g_str_equal (bh_vm_config_get (definition, "NetVm"), bh_vm_config_get (asker, "NetVm"))
      && g_strcmp0 (g_hash_table_lookup (settings, "Network"), "vm") == 0)
    g_hash_table_insert (settings, (gpointer) "Network", g_strdup ("none"));
  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    if (bh_keys_find (fixed[i][0]))
      g_hash_table_insert (settings, (gpointer) fixed[i][0], g_strdup (fixed[i][1]));
  return bh_vm_config_with (copy, settings, NULL, error);
}

/* What is kept of them while they run: the file ID.DEFINITION in a folder that cannot be an AppVM's. */

static char *
folder_path (void)
{
  return g_build_filename (g_get_user_runtime_dir (), "bulkhead", ".disposables", NULL);
}

static char *
file_path (const char *id, const char *definition)
{
  g_autofree char *folder = folder_path ();
  g_autofree char *name = g_strconcat (id, ".", definition, NULL);

  return g_build_filename (folder, name, NULL);
}

gboolean
bh_disposable_remember (BhVmConfig *config, const char *definition, GError **error)
{
  g_autofree char *path = file_path (bh_vm_config_get_id (config), definition);

  return bh_vm_config_save (config, path, error);
}

BhVmConfig *
bh_disposable_load (const char *id, const char *definition)
{
  g_autofree char *path = file_path (id, definition);
  g_autoptr (GError) error = NULL;
  g_autoptr (BhVmConfig) config = bh_vm_config_load (path, id, &error);

  if (config && bh_vm_config_check (config, &error))
    return g_steal_pointer (&config);
  g_message ("%s", error->message);
  return NULL;
}

void
bh_disposable_forget (const char *id)
{
  g_autofree char *folder = folder_path ();
  g_autofree char *prefix = g_strconcat (id, ".", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        g_unlink (path);
      }
  g_rmdir (folder); /* unless there are others */
}

GHashTable *
bh_disposable_list (void)
{
  GHashTable *found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *folder = folder_path ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_auto (GStrv) words = g_strsplit (name, ".", -1);

      if (g_strv_length (words) == 2 && bh_disposable_is_id (words[0])
          && bh_vm_id_is_valid (words[1]))
        g_hash_table_insert (found, g_strdup (words[0]), g_strdup (words[1]));
    }
  return found;
}
