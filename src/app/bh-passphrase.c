/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asking for a passphrase, and handing it to the service. */
#include "config.h"

#include "bh-passphrase.h"

#include "bh-error.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

GtkWidget *
bh_passphrase_entry_new (const char *label)
{
  /* In memory that is not written to a disk. */
  g_autoptr (GtkEntryBuffer) buffer = gtk_password_entry_buffer_new ();
  GtkWidget *entry = gtk_entry_new_with_buffer (buffer);

  gtk_entry_set_visibility (GTK_ENTRY (entry), FALSE);
  gtk_entry_set_input_purpose (GTK_ENTRY (entry), GTK_INPUT_PURPOSE_PASSWORD);
  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), label);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  return entry;
}

gboolean
bh_passphrase_add (const char *passphrase, GUnixFDList *fds, GVariantDict *options, GError **error)
{
  gssize n = passphrase ? (gssize) strlen (passphrase) : 0;
  int fd, handle = -1;

  if (!passphrase)
    return TRUE;
  fd = memfd_create ("passphrase", MFD_CLOEXEC);
  if (fd < 0 || write (fd, passphrase, (gsize) n) != n)
    bh_error_set_from_errno (error, errno, _ ("The passphrase cannot be handed over"));
  else
    handle = g_unix_fd_list_append (fds, fd, error);
  if (fd >= 0)
    close (fd);
  if (handle >= 0)
    g_variant_dict_insert (options, "passphrase", "h", handle);
  return handle >= 0;
}

void
bh_passphrase_forget (char **passphrase)
{
  if (*passphrase)
    explicit_bzero (*passphrase, strlen (*passphrase));
  g_clear_pointer (passphrase, g_free);
}
