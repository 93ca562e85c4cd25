/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A passphrase on its way to the service. */
#include "config.h"

#include "bh-passphrase-file.h"

#include "bh-error.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int
bh_passphrase_file_append (GUnixFDList *fds, const char *passphrase, GError **error)
{
  int fd = memfd_create ("passphrase", MFD_CLOEXEC), handle = -1;
  gssize n = (gssize) strlen (passphrase);

  if (fd < 0 || write (fd, passphrase, (gsize) n) != n)
    bh_error_set_from_errno (error, errno, _ ("The passphrase cannot be handed over"));
  else
    handle = g_unix_fd_list_append (fds, fd, error);
  if (fd >= 0)
    close (fd);
  return handle;
}
