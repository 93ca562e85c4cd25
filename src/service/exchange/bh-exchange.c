/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Taking AppVMs from one computer to another.
 *
 * Importing takes two calls: one tells what the file holds, the next says that this was seen, by a digest
 * of it. A file that is another one by then is refused. */
#include "config.h"

#include "bh-exchange.h"

#include "bh-error.h"
#include "bh-exchange-call.h"
#include "bh-home-disk.h"
#include "bh-home-image.h"
#include "bh-room.h"
#include "bh-sealed.h"

#include <sys/stat.h>
#include <unistd.h>

static const BhOption read_options[] = { { "passphrase", "h", 0, 0 }, { NULL, NULL, 0, 0 } };
static const BhOption import_options[] = { { "passphrase", "h", 0, 0 },
                                           { "name", "s", 256, 0 },
                                           { NULL, NULL, 0, 0 } };

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  BhExchangeCall *call = data;
  GError *error = NULL;

  call->archive = bh_archive_read (call->fd, call->passphrase, NULL, &error);
  if (call->archive)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Takes @call. */
static void
read_archive (BhExchangeCall *call, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (call->manager, NULL, callback, data);

  g_task_set_task_data (task, call, (GDestroyNotify) bh_exchange_call_free);
  g_task_run_in_thread (task, read_in_thread);
}

static GVariant *
make_settings (BhExchangeCall *call)
{
  GVariantBuilder settings;
  GHashTableIter iter;
  gpointer key, value;

  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, call->archive->settings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_variant_builder_add (&settings, "{ss}", key,
                           call->name && g_str_equal (key, "Name") ? call->name : value);
  return g_variant_ref_sink (g_variant_builder_end (&settings));
}

/* Telling. */

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  BhExchangeCall *call = g_task_get_task_data (G_TASK (result));
  g_autoptr (GDBusMethodInvocation) invocation = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) settings = NULL;
  GVariantDict contents;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return;
    }
  settings = make_settings (call);
  g_variant_dict_init (&contents, NULL);
  g_variant_dict_insert (&contents, "sealed", "b", call->archive->sealed);
  g_variant_dict_insert (&contents, "made", "x", call->archive->made);
  g_variant_dict_insert (&contents, "digest", "s", call->archive->digest);
  g_variant_dict_insert_value (&contents, "settings", settings);
  if (call->archive->home_size > 0)
    {
      BhRoom room = bh_room_look (call->archive, call->fd);

      g_variant_dict_insert (&contents, "home", "t", call->archive->home_size);
      g_variant_dict_insert (&contents, "needs", "t", room.needs);
      g_variant_dict_insert (&contents, "free", "t", room.free);
    }
  bh_dbus_manager1_complete_read_archive (NULL, g_steal_pointer (&invocation), NULL,
                                          g_variant_dict_end (&contents));
}

static gboolean
handle_read (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GUnixFDList *fds,
             GVariant *file, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  BhExchangeCall *call = bh_exchange_call_new (manager, fds, file, options, read_options, &error);
  GVariantDict contents;

  if (!call)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  if (call->passphrase || !bh_sealed_is (call->fd))
    {
      read_archive (call, on_read, invocation);
      return TRUE;
    }
  g_variant_dict_init (&contents, NULL);
  g_variant_dict_insert (&contents, "sealed", "b", TRUE);
  bh_dbus_manager1_complete_read_archive (manager, g_steal_pointer (&invocation), NULL,
                                          g_variant_dict_end (&contents));
  bh_exchange_call_free (call);
  return TRUE;
}

/* Making. */

/* A home on its way from the file to a new disk. */
typedef struct
{
  BhExchangeCall *call;
  const char *path, *key;
  BhHomeImage *image;
  off_t size; /* of the file */
} Home;

static gboolean
check_accepted (BhExchangeCall *call, const BhArchive *archive, GError **error)
{
  if (g_str_equal (call->accept, archive->digest))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "The file is not the one that was looked at. Look at it again.");
  return FALSE;
}

/* The file is read once more, and may be another one by now. */
static gboolean
begin_home (const BhArchive *archive, gpointer data, GError **error)
{
  Home *home = data;
  GCancellable *cancellable = home->call->cancellable;

  return check_accepted (home->call, archive, error)
         && bh_home_disk_create (home->path, archive->home_size, home->key, cancellable, error)
         && (home->image = bh_home_image_open (home->path, home->key, TRUE, cancellable, error));
}

static gboolean
take_piece (guint64 offset, const guint8 *piece, gsize n, gpointer data, GError **error)
{
  Home *home = data;
  off_t at = lseek (home->call->fd, 0, SEEK_CUR);

  if (!bh_home_image_write (home->image, offset, piece, n, error))
    return FALSE;
  bh_job_progress_later (home->call->job, (guint) (MIN (at, home->size) * 100 / MAX (home->size, 1)),
                         "Making its home");
  return TRUE;
}

/* BhNewcomerFill */
static gboolean
fill_home (const char *path, const char *key, BhJob *job, gpointer data, GCancellable *cancellable,
           GError **error)
{
  BhExchangeCall *call = data;
  Home home = { .call = call, .path = path, .key = key };
  const BhArchiveSink sink = { .begin = begin_home, .piece = take_piece, .data = &home };
  struct stat st;
  g_autoptr (BhArchive) archive = NULL;

  home.size = fstat (call->fd, &st) == 0 ? st.st_size : 0;
  archive = bh_archive_read (call->fd, call->passphrase, &sink, error);
  if (archive)
    return bh_home_image_finish (home.image, error);
  g_clear_pointer (&home.image, bh_home_image_free);
  return FALSE;
}

static void
on_read_to_import (GObject *source, GAsyncResult *result, gpointer data)
{
  BhExchangeCall *call = data;
  BhVmConfig *planned = NULL;
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error)
      && check_accepted (call, call->archive, &error)
      && bh_room_check (call->archive, call->fd, &error))
    {
      g_autoptr (GVariant) settings = make_settings (call);

      if (g_cancellable_is_cancelled (call->cancellable))
        g_set_error (&error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
      else
        planned = bh_manager_plan_vm (call->manager, settings, &error);
    }
  if (!planned)
    {
      bh_job_fail (call->job, error);
      bh_exchange_call_free (call);
      return;
    }
  bh_newcomer_make (call->manager, planned, call->job, call->cancellable,
                    call->archive->home_size > 0 ? fill_home : NULL, call,
                    (GDestroyNotify) bh_exchange_call_free);
}

static gboolean
handle_import (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GUnixFDList *fds,
               GVariant *file, const char *accept, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  BhExchangeCall *call = bh_exchange_call_new (manager, fds, file, options, import_options, &error);
  g_autoptr (GTask) task = NULL;

  if (!call)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  call->accept = g_strdup (accept);
  g_variant_lookup (options, "name", "s", &call->name);
  call->cancellable = g_cancellable_new ();
  call->job = bh_newcomer_job (call->manager, call->cancellable, "Reading the file");
  bh_dbus_manager1_complete_import_vm (manager, g_steal_pointer (&invocation), NULL,
                                       bh_job_get_path (call->job));
  /* The call outlives the task. */
  task = g_task_new (manager, NULL, on_read_to_import, call);
  g_task_set_task_data (task, call, NULL);
  g_task_run_in_thread (task, read_in_thread);
  return TRUE;
}

void
bh_exchange_attach (BhManager *manager)
{
  g_signal_connect (manager, "handle-read-archive", G_CALLBACK (handle_read), NULL);
  g_signal_connect (manager, "handle-import-vm", G_CALLBACK (handle_import), NULL);
  bh_export_attach (manager);
}
