/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl export: one AppVM into a file. */
#include "config.h"

#include "commands.h"
#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

static gboolean
export (BhDbusManager1 *manager, const char *name, int fd, int passphrase, char ***left_out,
        GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GVariantBuilder options;
  gint32 file = g_unix_fd_list_append (fds, fd, error);

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (passphrase >= 0)
    g_variant_builder_add (&options, "{sv}", "passphrase",
                           g_variant_new_handle (g_unix_fd_list_append (fds, passphrase, error)));
  return bh_dbus_manager1_call_export_vm_sync (manager, name, g_variant_new_handle (file),
                                               g_variant_builder_end (&options), fds, left_out,
                                               NULL, NULL, error);
}

/* The file appears when it is whole. */
static gboolean
export_to (BhDbusManager1 *manager, const char *name, const char *path, gboolean force,
           int passphrase, char ***left_out, GError **error)
{
  g_autofree char *part = g_strdup_printf ("%s.part-%d", path, (int) getpid ());
  int fd = open (part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean good;

  if (fd < 0)
    {
      bh_error_set_from_errno (error, errno, _ ("Cannot make the file “%s”"), path);
      return FALSE;
    }
  good = export (manager, name, fd, passphrase, left_out, error);
  close (fd);
  if (good && (force ? rename (part, path) : link (part, path)) != 0)
    {
      if (errno == EEXIST)
        g_set_error (error, BH_ERROR, BH_ERROR_EXISTS,
                     _ ("“%s” is there already. Add --force to replace it."), path);
      else
        bh_error_set_from_errno (error, errno, _ ("Cannot make the file “%s”"), path);
      good = FALSE;
    }
  g_unlink (part);
  return good;
}

int
bh_cmd_export (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean seal = FALSE, force = FALSE;
  g_autofree char *passphrase_file = NULL;
  const GOptionEntry entries[] = {
    { "passphrase", 'p', 0, G_OPTION_ARG_NONE, &seal,
      N_ ("Ask for a passphrase, without which nobody can read the file"), NULL },
    { "passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &passphrase_file,
      N_ ("Take the passphrase from a file"), N_ ("FILE") },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force, N_ ("Replace the file when it is there"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  g_auto (GStrv) left_out = NULL;
  int passphrase = -1;
  gboolean good;

  if (!bh_cli_parse (command, entries, &argv, 2, 2, error))
    return BH_EXIT_USAGE;
  if (!force && g_file_test (argv[1], G_FILE_TEST_EXISTS))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_EXISTS,
                   _ ("“%s” is there already. Add --force to replace it."), argv[1]);
      return BH_EXIT_FAILED;
    }
  if ((manager = bh_cli_get_manager (cli, error)) == NULL
      || ((seal || passphrase_file)
          && (passphrase = bh_passphrase_get (passphrase_file, TRUE, error)) < 0))
    return BH_EXIT_FAILED;
  good = export_to (manager, argv[0], argv[1], force, passphrase, &left_out, error);
  if (passphrase >= 0)
    close (passphrase);
  if (good && left_out[0])
    {
      g_autofree char *list = g_strjoinv (", ", left_out);

      printf (_ ("Left out, because it is a command to this computer: %s.\n"), list);
    }
  return good ? BH_EXIT_OK : BH_EXIT_FAILED;
}
