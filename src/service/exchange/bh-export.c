/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM into a file, with its home if that is wanted. What is on an encrypted home gets into the file
 * decrypted, so the file is to be sealed; on the way it lies on no disk. */
#include "config.h"

#include "bh-exchange-call.h"

#include "bh-error.h"
#include "bh-home-disk.h"
#include "bh-home-image.h"
#include "bh-home-key.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

static const BhOption options_known[] = { { "passphrase", "h", 0, 0 },
                                          { "home", "b", 0, 0 },
                                          { "temporary", "b", 0, 0 },
                                          { NULL, NULL, 0, 0 } };

typedef struct
{
  BhExchangeCall *call;
  BhHomeImage *image;
  guint64 at, done, all;
  guint8 *piece;
} Home;

static gboolean
next (guint64 *offset, const guint8 **piece, gsize *n, gpointer data, GError **error)
{
  Home *home = data;
  guint64 size;

  if (!bh_home_image_find (home->image, &home->at, &size, error))
    return FALSE;
  *n = (gsize) MIN (size, BH_HOME_IMAGE_PIECE);
  if (*n > 0 && !bh_home_image_read (home->image, home->at, home->piece, *n, error))
    return FALSE;
  *offset = home->at;
  *piece = home->piece;
  home->at += *n;
  home->done += *n;
  bh_job_progress_later (home->call->job, (guint) (home->done * 100 / MAX (MAX (home->all, home->done), 1)),
                         "Writing its home into the file");
  return TRUE;
}

static gboolean
export_with_home (BhExchangeCall *call, GError **error)
{
  const char *id = bh_vm_config_get_id (call->config);
  g_autofree char *path = bh_home_disk_path (id);
  g_autofree guint8 *piece = g_malloc (BH_HOME_IMAGE_PIECE);
  g_autoptr (BhHomeImage) image = NULL;
  BhArchiveSource source = { .next = next };
  Home home = { .call = call, .piece = piece };
  BhHomeDisk disk;
  char *key = NULL;
  gboolean good
      = bh_home_disk_read (path, &disk, error)
        && (!disk.encrypted || (key = bh_home_key_find (id, call->cancellable, error)) != NULL)
        && (image = bh_home_image_open (path, key, FALSE, call->cancellable, error)) != NULL
        && bh_home_image_count (image, &home.all, error);

  bh_home_key_free (key);
  home.image = image;
  source.data = &home;
  source.size = image ? bh_home_image_get_size (image) : 0;
  source.used = home.all;
  return good
         && bh_archive_write (call->fd, call->config, call->passphrase, &source, &call->left_out,
                              error);
}

static void
export_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  BhExchangeCall *call = data;
  GError *error = NULL;

  if (call->vm ? export_with_home (call, &error)
               : bh_archive_write (call->fd, call->config, call->passphrase, NULL, &call->left_out,
                                   &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Unless another one has its name now. */
static void
remove_file (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);
  struct stat ours, there;

  if (path && fstat (fd, &ours) == 0 && lstat (path, &there) == 0 && ours.st_dev == there.st_dev
      && ours.st_ino == there.st_ino)
    g_unlink (path);
}

/* Nobody is there to do anything with the file. */
static void
on_caller_left (GDBusConnection *bus, const char *name, gpointer data)
{
  BhExchangeCall *call = data;

  call->left = TRUE;
  g_cancellable_cancel (call->cancellable);
}

static void
on_exported (GObject *source, GAsyncResult *result, gpointer data)
{
  BhExchangeCall *call = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  gboolean good = g_task_propagate_boolean (G_TASK (result), &error);

  if (call->watch)
    g_bus_unwatch_name (call->watch);
  if (call->left && call->temporary)
    remove_file (call->fd);
  if (call->vm)
    bh_vm_release_home (call->vm);
  if (!good)
    {
      bh_job_fail (call->job, error);
      return;
    }
  bh_job_add_result (call->job, "left-out",
                     g_variant_new_strv ((const char *const *) call->left_out, -1));
  bh_job_done (call->job);
}

/* Its home goes with it. */
static gboolean
take_home (BhExchangeCall *call, BhVm *vm, GError **error)
{
  g_autofree char *path = bh_home_disk_path (bh_vm_get_id (vm));
  g_autoptr (GError) failed = NULL;
  BhHomeDisk disk;

  if (!bh_vm_hold_home (vm, call->cancellable, error))
    return FALSE;
  if (!bh_home_disk_read (path, &disk, &failed))
    {
      if (g_error_matches (failed, BH_ERROR, BH_ERROR_NOT_FOUND))
        g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                     "“%s” has no home disk yet: it is made at its first start. Export it without.",
                     bh_vm_get_name (vm));
      else
        g_propagate_error (error, g_steal_pointer (&failed));
    }
  else if (disk.encrypted && !call->passphrase)
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "The home of “%s” is encrypted, and would lie open in the file. Give a passphrase "
                 "to seal the file with.",
                 bh_vm_get_name (vm));
  else
    {
      call->vm = g_object_ref (vm);
      return TRUE;
    }
  bh_vm_release_home (vm);
  return FALSE;
}

static BhExchangeCall *
begin (BhDbusManager1 *manager, GUnixFDList *fds, const char *name, GVariant *file, GVariant *options,
       GError **error)
{
  BhVm *vm = bh_manager_find_vm (BH_MANAGER (manager), name, error);
  g_autoptr (BhExchangeCall) call = NULL;
  gboolean home = FALSE;

  if (!vm || !bh_vm_config_check (bh_vm_get_config (vm), error)
      || !(call = bh_exchange_call_new (manager, fds, file, options, options_known, error)))
    return NULL;
  call->config = bh_vm_config_ref (bh_vm_get_config (vm));
  call->cancellable = g_cancellable_new ();
  g_variant_lookup (options, "home", "b", &home);
  g_variant_lookup (options, "temporary", "b", &call->temporary);
  if (home && !take_home (call, vm, error))
    return NULL;
  return g_steal_pointer (&call);
}

static gboolean
handle_export (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GUnixFDList *fds,
               const char *name, GVariant *file, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  BhExchangeCall *call = begin (manager, fds, name, file, options, &error);

  if (!call)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  if (sender)
    call->watch = g_bus_watch_name_on_connection (g_dbus_method_invocation_get_connection (invocation),
                                                  sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                  on_caller_left, call, NULL);
  call->job = bh_newcomer_job (call->manager, call->cancellable, "Writing the file");
  bh_dbus_manager1_complete_export_vm (manager, g_steal_pointer (&invocation), NULL,
                                       bh_job_get_path (call->job));
  task = g_task_new (manager, call->cancellable, on_exported, NULL);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) bh_exchange_call_free);
  g_task_run_in_thread (task, export_in_thread);
  return TRUE;
}

void
bh_export_attach (BhManager *manager)
{
  g_signal_connect (manager, "handle-export-vm", G_CALLBACK (handle_export), NULL);
}
