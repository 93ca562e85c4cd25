/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl stop: stop an AppVM. */
#include "config.h"

#include "commands.h"
#include "job.h"

#include <glib/gi18n.h>

int
bh_cmd_stop (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean force = FALSE, quiet = FALSE;
  const GOptionEntry entries[] = {
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force,
      N_ ("At once, without asking its programs to end"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, N_ ("Do not show the steps"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autoptr (BhProgress) progress = NULL;
  g_auto (BhJobOutcome) outcome = { NULL };
  BhJobRequest request = { "Stop" };

  if (!bh_cli_parse (command, entries, &argv, 1, 1, error)
      || (vm = bh_cli_find_vm (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  progress = bh_progress_new (quiet);
  request.parameters = g_variant_new ("(b)", force);
  return bh_job_run (cli, vm, &request, progress, &outcome, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
}
