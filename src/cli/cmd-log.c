/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl log: what an AppVM has logged. */
#include "config.h"

#include "bh-paths.h"
#include "commands.h"
#include "log-follow.h"
#include "output.h"

#include <glib/gi18n.h>
#include <string.h>

#define DEFAULT_LINES 100
#define MAX_LINES 10000

static int
follow_log (const BhVmInfo *vm, guint lines)
{
  g_autofree char *path = bh_paths_log_file (bh_vm_info_string (vm, "Id"));
  g_autoptr (BhLogFollow) follow = bh_log_follow_new (path, lines);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  (void) follow;
  /* Until a signal ends the program, or whoever reads its output goes. */
  g_main_loop_run (loop);
  return BH_EXIT_OK;
}

int
bh_cmd_log (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autofree char *lines_text = NULL;
  gboolean follow = FALSE;
  const GOptionEntry entries[] = {
    { "lines", 'n', 0, G_OPTION_ARG_FILENAME, &lines_text, N_ ("How many lines of its end (100)"),
      N_ ("N") },
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, N_ ("Go on with what is added, until Ctrl+C"),
      NULL },
    { NULL },
  };
  g_autoptr (BhVmInfo) vm = NULL;
  g_autoptr (GVariant) reply = NULL;
  guint64 lines = DEFAULT_LINES;
  const char *text;

  if (!bh_cli_parse (command, entries, &argv, 1, 1, error))
    return BH_EXIT_USAGE;
  if (lines_text != NULL
      && !g_ascii_string_to_unsigned (lines_text, 10, 1, MAX_LINES, &lines, NULL))
    {
      bh_cli_set_usage_error (error, _ ("“%s” lines? It takes 1 to %d."), lines_text, MAX_LINES);
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_get_vm_info (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  if (follow)
    return follow_log (vm, (guint) lines);
  reply =
      g_dbus_connection_call_sync (cli->bus, BH_SERVICE_NAME, vm->path, BH_VM_INTERFACE, "ReadLog",
                                   g_variant_new ("(u)", (guint32) lines), G_VARIANT_TYPE ("(s)"),
                                   G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
  if (reply == NULL)
    return BH_EXIT_FAILED;
  g_variant_get (reply, "(&s)", &text);
  bh_output_text (stdout, text, strlen (text));
  return BH_EXIT_OK;
}
