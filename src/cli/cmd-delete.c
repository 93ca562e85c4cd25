/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl delete: delete an AppVM with all it holds. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Only a whole word counts: "yes" or "y", or the language's own. */
static gboolean
confirm (const char *name, BhDbusVm1 *vm)
{
  g_autofree char *clean = bh_text_clean (name, strlen (name), 80);
  GVariant *settings = bh_dbus_vm1_get_settings (vm);
  const char *home = "";
  char answer[64];

  if (settings && g_variant_lookup (settings, "Home", "&s", &home) && strcmp (home, "disk") == 0)
    fputs (_ ("Its home disk, with all files and snapshots on it, is deleted, too.\n"), stderr);

  fprintf (stderr, _ ("Delete the AppVM “%s” with all it holds? This cannot be undone. [y/N] "),
           clean);
  fflush (stderr);
  if (fgets (answer, sizeof answer, stdin) == NULL)
    {
      fputc ('\n', stderr);
      return FALSE;
    }
  g_strstrip (answer);
  return g_ascii_strcasecmp (answer, "y") == 0 || g_ascii_strcasecmp (answer, "yes") == 0
         || strcmp (answer, C_ ("answer to a question", "yes")) == 0;
}

int
bh_cmd_delete (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean yes = FALSE;
  const GOptionEntry entries[] = {
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, N_ ("Do not ask"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusVm1) vm = NULL;

  if (!bh_cli_parse (command, entries, &argv, 1, 1, error))
    return BH_EXIT_USAGE;
  if (!yes && !(isatty (STDIN_FILENO) && isatty (STDERR_FILENO)))
    {
      bh_cli_set_usage_error (error,
                              _ ("Nobody can be asked here, so nothing was deleted. Add --yes."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_find_vm (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  if (!yes && !confirm (bh_dbus_vm1_get_name (vm) != NULL ? bh_dbus_vm1_get_name (vm) : argv[0], vm))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, _ ("Nothing was deleted."));
      return BH_EXIT_FAILED;
    }
  return bh_dbus_vm1_call_delete_sync (vm, NULL, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
}
