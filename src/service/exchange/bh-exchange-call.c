/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the calls that have an AppVM in a file have in common. */
#include "config.h"

#include "bh-exchange-call.h"

#include "bh-error.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PASSPHRASE 1024

static void
forget_text (gpointer text)
{
  explicit_bzero (text, MAX_PASSPHRASE);
  g_free (text);
}

void
bh_exchange_call_free (BhExchangeCall *call)
{
  g_clear_object (&call->manager);
  if (call->fd >= 0)
    close (call->fd);
  g_clear_pointer (&call->passphrase, g_bytes_unref);
  g_clear_pointer (&call->config, bh_vm_config_unref);
  g_clear_object (&call->vm);
  g_clear_object (&call->job);
  g_clear_object (&call->cancellable);
  g_clear_pointer (&call->archive, bh_archive_free);
  g_strfreev (call->left_out);
  g_free (call->accept);
  g_free (call->name);
  g_free (call);
}

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
take_passphrase (BhExchangeCall *call, GUnixFDList *fds, GVariant *options, GError **error)
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

BhExchangeCall *
bh_exchange_call_new (BhDbusManager1 *manager, GUnixFDList *fds, GVariant *file, GVariant *options,
                      const BhOption *table, GError **error)
{
  g_autoptr (BhExchangeCall) call = g_new0 (BhExchangeCall, 1);

  call->fd = -1;
  if (!bh_options_check (options, table, error) || (call->fd = take_fd (fds, file, error)) < 0
      || !take_passphrase (call, fds, options, error))
    return NULL;
  call->manager = BH_MANAGER (g_object_ref (manager));
  return g_steal_pointer (&call);
}
