/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of the AppVM files.
 *
 * People edit the files by hand, and mend those with a mistake that way: the folder is watched. */
#include "config.h"

#include "bh-vm-files.h"

#include "bh-paths.h"
#include "bh-text.h"

#include <string.h>

#define SUFFIX ".vm"
/* An editor writes, renames and removes in one go. */
#define SETTLE_MS 150
#define MAX_PROBLEMS 50
#define MAX_VMS 200

struct _BhVmFiles
{
  GObject parent;
  GFileMonitor *monitor;
  GHashTable *configs;
  GHashTable *there; /* ids that have a file */
  GPtrArray *problems;
  guint settle;
};

G_DEFINE_TYPE (BhVmFiles, bh_vm_files, G_TYPE_OBJECT)

static guint looked_signal;

static void
add_problem (BhVmFiles *self, const char *file, const char *what)
{
  g_autofree char *shown = bh_text_clean (file, strlen (file), 300);
  g_autofree char *problem = g_strdup_printf ("%s: %s", shown, what);

  if (self->problems->len >= MAX_PROBLEMS)
    return;
  g_message ("%s", problem);
  g_ptr_array_add (self->problems, g_steal_pointer (&problem));
}

static void
read_one (BhVmFiles *self, const char *dir, const char *name)
{
  g_autofree char *id = g_strndup (name, strlen (name) - strlen (SUFFIX));
  g_autofree char *file = g_build_filename (dir, name, NULL);
  g_autoptr (GError) error = NULL;
  BhVmConfig *config;

  if (!bh_vm_id_is_valid (id))
    {
      add_problem (self, file,
                   "The name of an AppVM file has only a-z, 0-9 and “-”, at most 32 of them. "
                   "Rename it.");
      return;
    }
  g_hash_table_add (self->there, g_strdup (id));
  if (g_hash_table_size (self->configs) >= MAX_VMS)
    {
      add_problem (self, file, "There are 200 AppVMs; that is as many as there can be");
      return;
    }
  /* Opening a pipe would wait for its other end. */
  if (g_file_test (file, G_FILE_TEST_EXISTS) && !g_file_test (file, G_FILE_TEST_IS_REGULAR))
    {
      add_problem (self, file, "This is no plain file");
      return;
    }
  config = bh_vm_config_load (file, id, &error);
  if (!config)
    add_problem (self, file, error->message);
  else
    g_hash_table_insert (self->configs, g_steal_pointer (&id), config);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
look (BhVmFiles *self)
{
  g_autofree char *path = bh_paths_vm_dir ();
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_hash_table_remove_all (self->configs);
  g_hash_table_remove_all (self->there);
  g_ptr_array_set_size (self->problems, 0);
  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (names, g_strdup (name));
  /* The same ones first whatever the file system's order. */
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    read_one (self, path, names->pdata[i]);
  g_ptr_array_add (self->problems, NULL);
}

static gboolean
on_settled (gpointer data)
{
  BhVmFiles *self = data;

  self->settle = 0;
  look (self);
  g_signal_emit (self, looked_signal, 0);
  return G_SOURCE_REMOVE;
}

static gboolean
is_ours (GFile *file)
{
  g_autofree char *name = file ? g_file_get_basename (file) : NULL;

  return name && g_str_has_suffix (name, SUFFIX);
}

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
            BhVmFiles *self)
{
  if (self->settle == 0 && (is_ours (file) || is_ours (other)))
    self->settle = g_timeout_add (SETTLE_MS, on_settled, self);
}

static void
bh_vm_files_finalize (GObject *object)
{
  BhVmFiles *self = BH_VM_FILES (object);

  g_clear_handle_id (&self->settle, g_source_remove);
  if (self->monitor)
    g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_clear_object (&self->monitor);
  g_hash_table_unref (self->configs);
  g_hash_table_unref (self->there);
  g_ptr_array_unref (self->problems);
  G_OBJECT_CLASS (bh_vm_files_parent_class)->finalize (object);
}

static void
bh_vm_files_class_init (BhVmFilesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_vm_files_finalize;
  looked_signal = g_signal_new ("looked", BH_TYPE_VM_FILES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
}

static void
bh_vm_files_init (BhVmFiles *self)
{
  g_autofree char *path = bh_paths_vm_dir ();
  g_autoptr (GFile) dir = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  self->configs =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) bh_vm_config_unref);
  self->there = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->problems = g_ptr_array_new_with_free_func (g_free);
  /* Before it is read, so that nothing is missed in between. */
  if (bh_paths_ensure (path, &error))
    self->monitor = g_file_monitor_directory (dir, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);
  if (self->monitor)
    g_signal_connect (self->monitor, "changed", G_CALLBACK (on_changed), self);
  else
    g_message ("Changes of files in %s are seen at the next start only: %s", path, error->message);
  look (self);
}

BhVmFiles *
bh_vm_files_new (void)
{
  return g_object_new (BH_TYPE_VM_FILES, NULL);
}

GHashTable *
bh_vm_files_get (BhVmFiles *self)
{
  return self->configs;
}

const char *const *
bh_vm_files_get_problems (BhVmFiles *self)
{
  return (const char *const *) self->problems->pdata;
}

gboolean
bh_vm_files_is_there (BhVmFiles *self, const char *id)
{
  return g_hash_table_contains (self->there, id);
}
