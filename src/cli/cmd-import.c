/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl import: an AppVM from a file; shows what it may reach, and makes it only when that is
 * accepted. */
#include "config.h"

#include "bh-keys.h"
#include "bh-reach.h"
#include "bh-text.h"
#include "commands.h"
#include "job.h"
#include "output.h"
#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  BhCli *cli;
  BhDbusManager1 *manager;
  const char *passphrase_file;
  const char *name;
  int file, passphrase;
} Import;

static GVariant *
make_options (Import *import, GUnixFDList *fds, gboolean with_name, GVariant **file, GError **error)
{
  GVariantBuilder options;

  *file = g_variant_new_handle (g_unix_fd_list_append (fds, import->file, error));
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (import->passphrase >= 0)
    g_variant_builder_add (
        &options, "{sv}", "passphrase",
        g_variant_new_handle (g_unix_fd_list_append (fds, import->passphrase, error)));
  if (with_name && import->name)
    g_variant_builder_add (&options, "{sv}", "name", g_variant_new_string (import->name));
  return g_variant_builder_end (&options);
}

static GVariant *
look (Import *import, GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GVariant *file, *contents = NULL;
  GVariant *options = make_options (import, fds, FALSE, &file, error);

  if (!bh_dbus_manager1_call_read_archive_sync (import->manager, file, options, fds, &contents,
                                                NULL, NULL, error))
    return NULL;
  return contents;
}

/* Asks for the passphrase when there has to be one. */
static GVariant *
look_with_passphrase (Import *import, GError **error)
{
  g_autoptr (GVariant) contents = NULL;
  gboolean sealed = FALSE;

  if (import->passphrase_file
      && (import->passphrase = bh_passphrase_get (import->passphrase_file, FALSE, error)) < 0)
    return NULL;
  if (!(contents = look (import, error)))
    return NULL;
  g_variant_lookup (contents, "sealed", "b", &sealed);
  if (!sealed || import->passphrase >= 0)
    return g_steal_pointer (&contents);
  if ((import->passphrase = bh_passphrase_get (NULL, FALSE, error)) < 0)
    return NULL;
  return look (import, error);
}

static void
show (Import *import, GVariant *settings)
{
  g_autofree char *reach = bh_reach_describe (settings);
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      const char *value;
      g_autofree char *clean = NULL;

      if (!g_variant_lookup (settings, keys[i].name, "&s", &value))
        continue;
      if (import->name && g_str_equal (keys[i].name, "Name"))
        value = import->name;
      clean = bh_text_clean (value, strlen (value), 200);
      printf ("%s: %s%s\n", keys[i].name, clean,
              keys[i].weakens && g_strcmp0 (value, keys[i].fallback) != 0
                  ? _ (" (makes the isolation weaker)")
                  : "");
    }
  printf ("%s\n", reach);
  fflush (stdout);
}

/* Nobody is asked to accept what there is no room for; the service looks itself. */
static gboolean
show_home (GVariant *contents, GError **error)
{
  g_autofree char *most = NULL, *needed = NULL, *there = NULL;
  guint64 size, needs = 0, free = 0;

  if (!g_variant_lookup (contents, "home", "t", &size))
    return TRUE;
  g_variant_lookup (contents, "needs", "t", &needs);
  g_variant_lookup (contents, "free", "t", &free);
  most = bh_output_size (size);
  needed = bh_output_size (needs);
  there = bh_output_size (free);
  printf (_ ("With what was on its home disk, which can become %s large and needs %s now.\n"), most, needed);
  fflush (stdout);
  if (needs <= free)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_DISK_FULL,
               _ ("The home in the file needs %s, and %s are free where homes are kept. Make room there and import "
                  "again. Nothing was imported."),
               needed, there);
  return FALSE;
}

static gboolean
ask (void)
{
  char answer[64];

  fprintf (stderr, "%s ", _ ("Make this AppVM? [y/N]"));
  fflush (stderr);
  if (fgets (answer, sizeof answer, stdin) == NULL)
    return FALSE;
  g_strstrip (answer);
  return g_ascii_strcasecmp (answer, "y") == 0 || g_ascii_strcasecmp (answer, "yes") == 0
         || strcmp (answer, C_ ("answer to a question", "yes")) == 0;
}

static gboolean
import_it (Import *import, gboolean accept, GError **error)
{
  g_autoptr (GVariant) contents = look_with_passphrase (import, error);
  g_autoptr (GVariant) settings = NULL;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (BhProgress) progress = NULL;
  g_auto (BhJobOutcome) outcome = { NULL };
  BhJobRequest request = { .method = "ImportVm", .fds = fds };
  const char *digest = "";
  GVariant *file, *options;

  if (!contents)
    return FALSE;
  settings = g_variant_lookup_value (contents, "settings", G_VARIANT_TYPE ("a{ss}"));
  g_variant_lookup (contents, "digest", "&s", &digest);
  if (!settings)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, _ ("The service does not say what is in it."));
      return FALSE;
    }
  show (import, settings);
  if (!show_home (contents, error))
    return FALSE;
  if (!accept && !(isatty (STDIN_FILENO) && isatty (STDERR_FILENO)))
    {
      bh_cli_set_usage_error (
          error, _ ("Nobody can be asked here, so nothing was imported. Add --accept."));
      return FALSE;
    }
  if (!accept && !ask ())
    {
      g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, _ ("Nothing was imported."));
      return FALSE;
    }
  options = make_options (import, fds, TRUE, &file, error);
  request.parameters = g_variant_new ("(@hs@a{sv})", file, digest, options);
  progress = bh_progress_new (FALSE);
  return bh_job_run (import->cli, import->manager, &request, progress, &outcome, error);
}

int
bh_cmd_import (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean accept = FALSE;
  g_autofree char *passphrase_file = NULL, *name = NULL;
  const GOptionEntry entries[] = {
    { "accept", 'y', 0, G_OPTION_ARG_NONE, &accept, N_ ("Do not ask; show what it may reach, and make it"),
      NULL },
    { "name", 'n', 0, G_OPTION_ARG_FILENAME, &name, N_ ("Call it otherwise"), N_ ("NAME") },
    { "passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &passphrase_file,
      N_ ("Take the passphrase from a file"), N_ ("FILE") },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  Import import = { .file = -1, .passphrase = -1 };
  gboolean good;

  if (!bh_cli_parse (command, entries, &argv, 1, 1, error))
    return BH_EXIT_USAGE;
  if (name && !g_utf8_validate (name, -1, NULL))
    {
      bh_cli_set_usage_error (error, _ ("The name is not valid UTF-8."));
      return BH_EXIT_USAGE;
    }
  import.file = open (argv[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (import.file < 0)
    {
      bh_error_set_from_errno (error, errno, _ ("Cannot read “%s”"), argv[0]);
      return BH_EXIT_FAILED;
    }
  import.cli = cli;
  import.name = name;
  import.passphrase_file = passphrase_file;
  import.manager = manager = bh_cli_get_manager (cli, error);
  good = manager != NULL && import_it (&import, accept, error);
  close (import.file);
  if (import.passphrase >= 0)
    close (import.passphrase);
  return good ? BH_EXIT_OK : BH_EXIT_FAILED;
}
