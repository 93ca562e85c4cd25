/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Making an AppVM together with its home. */
#include "config.h"

#include "bh-newcomer.h"

#include "bh-error.h"
#include "bh-home-disk.h"
#include "bh-home-key.h"

#include <glib/gstdio.h>

typedef struct
{
  BhManager *manager;
  BhVmConfig *planned;
  BhJob *job;
  BhNewcomerFill fill;
  gpointer data;
  GDestroyNotify free;
  char *path, *half; /* where its disk is to be, and while it is not whole */
} Newcomer;

static void
newcomer_free (gpointer data)
{
  Newcomer *newcomer = data;

  if (newcomer->free)
    newcomer->free (newcomer->data);
  g_object_unref (newcomer->manager);
  bh_vm_config_unref (newcomer->planned);
  g_object_unref (newcomer->job);
  g_free (newcomer->path);
  g_free (newcomer->half);
  g_free (newcomer);
}

static void
on_cancel (BhJob *job, GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

BhJob *
bh_newcomer_job (BhManager *manager, GCancellable *cancellable, const char *text)
{
  BhJob *job = bh_job_new ();

  g_signal_connect_object (job, "cancel", G_CALLBACK (on_cancel), cancellable, 0);
  bh_job_export (job, bh_manager_get_server (manager));
  bh_job_step (job, "home", text);
  return job;
}

static void
forget_key (Newcomer *newcomer)
{
  if (bh_vm_config_get_bool (newcomer->planned, "HomeEncrypt"))
    bh_home_key_forget (bh_vm_config_get_id (newcomer->planned));
}

/* Whoever finds an old home there wants it, and the key that goes with it. */
static gboolean
is_place_free (Newcomer *newcomer, GError **error)
{
  if (!g_file_test (newcomer->path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_EXISTS,
               "There is a home disk of an AppVM that is gone: %s. Move it away, or choose "
               "another name.",
               newcomer->path);
  return FALSE;
}

static void
make_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Newcomer *newcomer = data;
  BhVmConfig *config = newcomer->planned;
  GError *error = NULL;
  char *key = NULL;
  gboolean good = is_place_free (newcomer, &error);

  if (good && bh_vm_config_get_bool (config, "HomeEncrypt"))
    good = (key = bh_home_key_make (bh_vm_config_get_id (config), bh_vm_config_get (config, "Name"),
                                    cancellable, &error))
           != NULL;
  good = good
         && newcomer->fill (newcomer->half, key, newcomer->job, newcomer->data, cancellable, &error);
  if (!good)
    {
      g_unlink (newcomer->half);
      if (key)
        forget_key (newcomer);
    }
  bh_home_key_free (key);
  if (good)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The AppVM, and then its disk gets its name: an AppVM whose home is missing begins with an empty one, but a
 * home whose AppVM is missing would be that of the next one of the name. */
static BhVm *
take (Newcomer *newcomer, GError **error)
{
  BhVm *vm;

  if (newcomer->fill && !is_place_free (newcomer, error))
    return NULL;
  vm = bh_manager_take_plan (newcomer->manager, newcomer->planned, error);
  if (vm && newcomer->fill && !bh_home_disk_put_in_place (newcomer->half, newcomer->path, error))
    {
      bh_vm_discard (vm, NULL);
      return NULL;
    }
  return vm;
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  Newcomer *newcomer = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  gboolean made = g_task_propagate_boolean (G_TASK (result), &error);
  BhVm *vm = made ? take (newcomer, &error) : NULL;

  /* Before anyone is told of the end, who may try again at once. */
  if (newcomer->free)
    newcomer->free (g_steal_pointer (&newcomer->data));
  newcomer->free = NULL;
  if (vm)
    {
      bh_job_add_result (newcomer->job, "vm", g_variant_new_object_path (bh_vm_get_path (vm)));
      bh_job_done (newcomer->job);
      return;
    }
  bh_manager_drop_plan (newcomer->manager, newcomer->planned);
  if (made && newcomer->fill)
    {
      g_unlink (newcomer->half);
      forget_key (newcomer);
    }
  bh_job_fail (newcomer->job, error);
}

void
bh_newcomer_make (BhManager *manager, BhVmConfig *planned, BhJob *job, GCancellable *cancellable,
                  BhNewcomerFill fill, gpointer data, GDestroyNotify free)
{
  g_autoptr (GTask) task = g_task_new (manager, cancellable, on_made, NULL);
  Newcomer *newcomer = g_new0 (Newcomer, 1);

  newcomer->manager = g_object_ref (manager);
  newcomer->planned = bh_vm_config_ref (planned);
  newcomer->job = g_object_ref (job);
  newcomer->fill = fill;
  newcomer->data = data;
  newcomer->free = free;
  newcomer->path = bh_home_disk_path (bh_vm_config_get_id (planned));
  newcomer->half = g_strconcat (newcomer->path, ".new", NULL);
  /* What it says about being cancelled is ours. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, newcomer, newcomer_free);
  if (fill)
    g_task_run_in_thread (task, make_in_thread);
  else
    g_task_return_boolean (task, TRUE);
}
