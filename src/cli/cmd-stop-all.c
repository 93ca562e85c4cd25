/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl stop-all: stop every AppVM. */
#include "config.h"

#include "commands.h"

/* Each AppVM gets time to end its programs. */
#define TIMEOUT_MS 300000

int
bh_cmd_stop_all (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autoptr (BhDbusManager1) manager = NULL;

  /* Started when it does not run: AppVMs go on without the service, and it finds them again. */
  if (!bh_cli_parse (command, NULL, &argv, 0, 0, error)
      || (manager = bh_cli_get_manager (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (manager), TIMEOUT_MS);
  return bh_dbus_manager1_call_stop_all_sync (manager, NULL, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
}
