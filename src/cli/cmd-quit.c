/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl quit: end the service. */
#include "config.h"

#include "commands.h"

#include <glib/gi18n.h>

#define TIMEOUT_MS 300000

/* "bulkheadctl quit && apt upgrade" wants it gone, not about to go. */
static void
wait_for_end (BhCli *cli)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (g_get_monotonic_time () < deadline && bh_cli_connect (cli, FALSE, NULL))
    g_usleep (20000);
}

int
bh_cmd_quit (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean stop = FALSE;
  const GOptionEntry entries[] = {
    { "stop", 's', 0, G_OPTION_ARG_NONE, &stop, N_ ("Stop every AppVM first; otherwise they go on"),
      NULL },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!bh_cli_parse (command, entries, &argv, 0, 0, error))
    return BH_EXIT_USAGE;
  /* Without --stop there is nothing to do when it does not run; with it, AppVMs may still go on. */
  if (!stop && !bh_cli_connect (cli, FALSE, &local_error))
    {
      if (local_error == NULL)
        return BH_EXIT_OK;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return BH_EXIT_FAILED;
    }
  if ((manager = bh_cli_get_manager (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (manager), TIMEOUT_MS);
  /* It may end before its answer is sent. */
  if (!bh_dbus_manager1_call_quit_sync (manager, stop, NULL, &local_error)
      && !g_error_matches (local_error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return BH_EXIT_FAILED;
    }
  wait_for_end (cli);
  return BH_EXIT_OK;
}
