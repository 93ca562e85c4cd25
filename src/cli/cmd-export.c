/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl export: one AppVM into a file. */
#include "config.h"

#include "bh-new-file.h"
#include "commands.h"
#include "job.h"
#include "passphrase.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

typedef struct
{
  BhCli *cli;
  BhDbusManager1 *manager;
  const char *name, *path;
  gboolean home, force;
  int passphrase; /* -1: none */
} Export;

static gboolean
export (Export *self, BhNewFile *to, BhJobOutcome *outcome, GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (BhProgress) progress = bh_progress_new (FALSE);
  BhJobRequest request = { .method = "ExportVm", .fds = fds };
  GVariantBuilder options;
  gint32 file = g_unix_fd_list_append (fds, bh_new_file_get_fd (to), error);

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (self->passphrase >= 0)
    g_variant_builder_add (
        &options, "{sv}", "passphrase",
        g_variant_new_handle (g_unix_fd_list_append (fds, self->passphrase, error)));
  if (self->home)
    g_variant_builder_add (&options, "{sv}", "home", g_variant_new_boolean (TRUE));
  if (bh_new_file_is_named (to))
    g_variant_builder_add (&options, "{sv}", "temporary", g_variant_new_boolean (TRUE));
  request.parameters = g_variant_new ("(sha{sv})", self->name, file, &options);
  return bh_job_run (self->cli, self->manager, &request, progress, outcome, error);
}

/* The file appears when it is whole. */
static gboolean
export_to (Export *self, BhJobOutcome *outcome, GError **error)
{
  g_autoptr (BhNewFile) file = bh_new_file_open (self->path, error);

  return file && export (self, file, outcome, error) && bh_new_file_keep (file, self->force, error);
}

static void
tell_left_out (GVariant *result)
{
  g_autofree const char **left_out = NULL;
  g_autofree char *list = NULL;

  if (!g_variant_lookup (result, "left-out", "^a&s", &left_out) || !left_out[0])
    return;
  list = g_strjoinv (", ", (char **) left_out);
  printf (_ ("Left out, because it is a command to this computer: %s.\n"), list);
}

int
bh_cmd_export (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean seal = FALSE, force = FALSE, home = FALSE;
  g_autofree char *passphrase_file = NULL;
  const GOptionEntry entries[] = {
    { "home", 0, 0, G_OPTION_ARG_NONE, &home, N_ ("With what is on its home disk"), NULL },
    { "passphrase", 'p', 0, G_OPTION_ARG_NONE, &seal,
      N_ ("Ask for a passphrase, without which nobody can read the file"), NULL },
    { "passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &passphrase_file,
      N_ ("Take the passphrase from a file"), N_ ("FILE") },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force, N_ ("Replace the file when it is there"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  g_auto (BhJobOutcome) outcome = { NULL };
  Export self = { .cli = cli, .passphrase = -1 };
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
          && (self.passphrase = bh_passphrase_get (passphrase_file, TRUE, error)) < 0))
    return BH_EXIT_FAILED;
  self.manager = manager;
  self.name = argv[0];
  self.path = argv[1];
  self.home = home;
  self.force = force;
  good = export_to (&self, &outcome, error);
  if (self.passphrase >= 0)
    close (self.passphrase);
  if (good)
    tell_left_out (outcome.result);
  return good ? BH_EXIT_OK : BH_EXIT_FAILED;
}
