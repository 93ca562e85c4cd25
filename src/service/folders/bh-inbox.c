/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of an AppVM for moving files in and out. */
#include "config.h"

#include "bh-inbox.h"

#include "bh-delivery.h"
#include "bh-disposable.h"
#include "bh-paths.h"
#include "bh-tree.h"

#include <errno.h>
#include <stdio.h>

static char *
disposables_folder (void)
{
  return bh_paths_data_dir ("disposables");
}

static gboolean
is_disposable (BhVmConfig *config)
{
  return bh_disposable_is_id (bh_vm_config_get_id (config))
         && bh_vm_config_get_bool (config, "Disposable");
}

char *
bh_inbox_path (BhVmConfig *config)
{
  const char *id = bh_vm_config_get_id (config);
  g_autofree char *folder = disposables_folder ();

  return is_disposable (config) ? g_build_filename (folder, id, NULL) : bh_paths_inbox (id);
}

char *
bh_inbox_make (BhVmConfig *config, GError **error)
{
  g_autofree char *path = bh_inbox_path (config);

  return bh_paths_ensure (path, error) ? g_steal_pointer (&path) : NULL;
}

static void
remove_in_thread (GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  bh_tree_remove (path);
}

/* Under another name at once, so that the next of that number gets one of its own; what a guest has written may be
 * much. Ended meanwhile, the next service goes on. */
static void
drop (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *away = bh_delivery_make_folder (parent, NULL);
  g_autoptr (GTask) task = NULL;

  if (!away || rename (path, away) != 0)
    {
      if (away)
        bh_tree_remove (away);
      bh_tree_remove (path);
      return;
    }
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_task_data (task, g_steal_pointer (&away), g_free);
  g_task_run_in_thread (task, remove_in_thread);
}

void
bh_inbox_drop (BhVmConfig *config)
{
  g_autofree char *path = bh_inbox_path (config);

  if (is_disposable (config) && g_file_test (path, G_FILE_TEST_IS_DIR))
    drop (path);
}

void
bh_inbox_clean (gboolean (*keep) (const char *id, gpointer data), gpointer data)
{
  g_autofree char *folder = disposables_folder ();
  g_autofree char *any = bh_paths_inbox ("any");
  g_autofree char *users = g_path_get_dirname (any);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  bh_delivery_clean (users);
  bh_delivery_clean (folder);
  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (bh_vm_id_is_valid (name) && !keep (name, data))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        drop (path);
      }
}
