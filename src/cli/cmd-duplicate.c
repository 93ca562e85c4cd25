/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl duplicate: make an AppVM with the settings of another. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

int
bh_cmd_duplicate (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autoptr (BhDbusVm1) copy = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  BhDbusManager1 *manager;

  if (!bh_cli_parse (command, NULL, &argv, 1, 2, error))
    return BH_EXIT_USAGE;
  if (argv[1] != NULL && !g_utf8_validate (argv[1], -1, NULL))
    {
      bh_cli_set_usage_error (error, _ ("The name is not valid UTF-8."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_find_vm (cli, argv[0], error)) == NULL
      || (manager = bh_cli_get_manager (cli, error)) == NULL
      || !bh_dbus_manager1_call_duplicate_vm_sync (
          manager, g_dbus_proxy_get_object_path (G_DBUS_PROXY (vm)), argv[1] != NULL ? argv[1] : "",
          &path, NULL, error)
      || (copy = bh_cli_find_vm (cli, path, error)) == NULL)
    return BH_EXIT_FAILED;
  name = bh_text_clean (bh_dbus_vm1_get_name (copy), strlen (bh_dbus_vm1_get_name (copy)), 80);
  printf (_ ("Created the AppVM “%s”.\n"), name);
  return BH_EXIT_OK;
}
