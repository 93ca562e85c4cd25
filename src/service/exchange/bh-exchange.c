/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Taking AppVMs from one computer to another.
 *
 * Importing takes two calls: one tells what the file holds, the next says that this was seen, by a digest
 * of it. A file that is another one by then is refused. */
#include "config.h"

#include "bh-exchange.h"

#include "bh-archive.h"
#include "bh-error.h"
#include "bh-options.h"
#include "bh-sealed.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PASSPHRASE 1024

static const BhOption export_options[] = { { "passphrase", "h", 0, 0 }, { NULL, NULL, 0, 0 } };
static const BhOption import_options[] = { { "passphrase", "h", 0, 0 },
                                           { "name", "s", 256, 0 },
                                           { NULL, NULL, 0, 0 } };

/* One call. */
typedef struct
{
  GDBusMethodInvocation *invocation;
  BhManager *manager;
  int fd;
  GBytes *passphrase;
  BhVmConfig *config; /* what is exported */
  char **left_out;
  BhArchive *archive; /* what was read */
  char *accept;       /* NULL: only tell */
  char *name;
} Call;

static void
forget_text (gpointer text)
{
  explicit_bzero (text, MAX_PASSPHRASE);
  g_free (text);
}

static void
call_free (gpointer data)
{
  Call *call = data;

  g_clear_object (&call->invocation);
  g_clear_object (&call->manager);
  if (call->fd >= 0)
    close (call->fd);
  g_clear_pointer (&call->passphrase, g_bytes_unref);
  g_clear_pointer (&call->config, bh_vm_config_unref);
  g_clear_pointer (&call->archive, bh_archive_free);
  g_strfreev (call->left_out);
  g_free (call->accept);
  g_free (call->name);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static int
take_fd (GUnixFDList *fds, GVariant *handle, GError **error)
{
  gint32 index = g_variant_get_handle (handle);

  if (fds && index >= 0 && index < g_unix_fd_list_get_length (fds))
    return g_unix_fd_list_get (fds, index, error);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "The call came without its file");
  return -1;
}

/* By a file rather than as a value: what is on the bus stays in the memory of many. */
static gboolean
take_passphrase (Call *call, GUnixFDList *fds, GVariant *options, GError **error)
{
  g_autoptr (GVariant) handle =
      g_variant_lookup_value (options, "passphrase", G_VARIANT_TYPE_HANDLE);
  char *text;
  struct stat st;
  ssize_t n = -1;
  int fd;

  if (!handle)
    return TRUE;
  fd = take_fd (fds, handle, error);
  if (fd < 0)
    return FALSE;
  text = g_malloc0 (MAX_PASSPHRASE);
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && st.st_size <= MAX_PASSPHRASE)
    n = pread (fd, text, MAX_PASSPHRASE, 0);
  close (fd);
  if (n > 0)
    {
      call->passphrase = g_bytes_new_with_free_func (text, (gsize) n, forget_text, text);
      return TRUE;
    }
  forget_text (text);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "A passphrase has 1 to %d bytes",
               MAX_PASSPHRASE);
  return FALSE;
}

static Call *
call_new (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GUnixFDList *fds,
          GVariant *file, GVariant *options, const BhOption *table, GError **error)
{
  g_autoptr (Call) call = g_new0 (Call, 1);

  call->fd = -1;
  if (!bh_options_check (options, table, error) || (call->fd = take_fd (fds, file, error)) < 0
      || !take_passphrase (call, fds, options, error))
    return NULL;
  call->manager = BH_MANAGER (g_object_ref (manager));
  call->invocation = g_object_ref (invocation);
  return g_steal_pointer (&call);
}

static void
run (Call *call, GTaskThreadFunc work, GAsyncReadyCallback done)
{
  g_autoptr (GTask) task = g_task_new (call->manager, NULL, done, NULL);

  g_task_set_task_data (task, call, call_free);
  g_task_run_in_thread (task, work);
}

static void
return_outcome (GTask *task, gboolean good, GError *error)
{
  if (good)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Export. */

static void
export_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;

  return_outcome (task,
                  bh_archive_write (call->fd, call->config, call->passphrase, &call->left_out,
                                    &error),
                  error);
}

static void
on_exported (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    bh_dbus_manager1_complete_export_vm (NULL, g_steal_pointer (&call->invocation), NULL,
                                         (const char *const *) call->left_out);
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&call->invocation), error);
}

static gboolean
handle_export (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GUnixFDList *fds,
               const char *name, GVariant *file, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  BhVm *vm = bh_manager_find_vm (BH_MANAGER (manager), name, &error);
  BhVmConfig *config = vm ? bh_vm_get_config (vm) : NULL;
  Call *call = NULL;

  if (config && bh_vm_config_check (config, &error))
    call = call_new (manager, invocation, fds, file, options, export_options, &error);
  if (!call)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  g_object_unref (invocation); /* the call has it */
  call->config = bh_vm_config_ref (config);
  run (call, export_in_thread, on_exported);
  return TRUE;
}

/* Import. */

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;

  call->archive = bh_archive_read (call->fd, call->passphrase, &error);
  return_outcome (task, call->archive != NULL, error);
}

static GVariant *
make_settings (Call *call)
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

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) settings = NULL;
  BhVm *vm = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&call->invocation), error);
      return;
    }
  settings = make_settings (call);
  if (!call->accept)
    {
      GVariantDict contents;

      g_variant_dict_init (&contents, NULL);
      g_variant_dict_insert (&contents, "sealed", "b", call->archive->sealed);
      g_variant_dict_insert (&contents, "made", "x", call->archive->made);
      g_variant_dict_insert (&contents, "digest", "s", call->archive->digest);
      g_variant_dict_insert_value (&contents, "settings", settings);
      bh_dbus_manager1_complete_read_archive (NULL, g_steal_pointer (&call->invocation), NULL,
                                              g_variant_dict_end (&contents));
      return;
    }
  if (!g_str_equal (call->accept, call->archive->digest))
    g_set_error (&error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "The file is not the one that was looked at. Look at it again.");
  else
    vm = bh_manager_create_vm (call->manager, settings, &error);
  if (vm)
    bh_dbus_manager1_complete_import_vm (NULL, g_steal_pointer (&call->invocation), NULL,
                                         bh_vm_get_path (vm));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&call->invocation), error);
}

static gboolean
handle_read (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GUnixFDList *fds,
             GVariant *file, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  Call *call = call_new (manager, invocation, fds, file, options, export_options, &error);
  GVariantDict contents;

  if (!call)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  g_object_unref (invocation); /* the call has it */
  if (call->passphrase || !bh_sealed_is (call->fd))
    {
      run (call, read_in_thread, on_read);
      return TRUE;
    }
  g_variant_dict_init (&contents, NULL);
  g_variant_dict_insert (&contents, "sealed", "b", TRUE);
  bh_dbus_manager1_complete_read_archive (manager, g_steal_pointer (&call->invocation), NULL,
                                          g_variant_dict_end (&contents));
  call_free (call);
  return TRUE;
}

static gboolean
handle_import (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GUnixFDList *fds,
               GVariant *file, const char *accept, GVariant *options)
{
  g_autoptr (GError) error = NULL;
  Call *call = call_new (manager, invocation, fds, file, options, import_options, &error);

  if (!call)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  g_object_unref (invocation); /* the call has it */
  call->accept = g_strdup (accept);
  g_variant_lookup (options, "name", "s", &call->name);
  run (call, read_in_thread, on_read);
  return TRUE;
}

void
bh_exchange_attach (BhManager *manager)
{
  g_signal_connect (manager, "handle-export-vm", G_CALLBACK (handle_export), NULL);
  g_signal_connect (manager, "handle-read-archive", G_CALLBACK (handle_read), NULL);
  g_signal_connect (manager, "handle-import-vm", G_CALLBACK (handle_import), NULL);
}
