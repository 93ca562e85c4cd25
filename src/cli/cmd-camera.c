/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl camera: answer for an AppVM that asks for the camera. */
#include "config.h"

#include "commands.h"

#include <glib/gi18n.h>
#include <string.h>

int
bh_cmd_camera (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autoptr (BhVmInfo) vm = NULL;
  g_autoptr (GVariant) reply = NULL;
  gboolean allow;

  if (!bh_cli_parse (command, NULL, &argv, 2, 2, error))
    return BH_EXIT_USAGE;
  allow = strcmp (argv[1], "allow") == 0;
  if (!allow && strcmp (argv[1], "deny") != 0)
    {
      bh_cli_set_usage_error (error, _ ("The answer is “allow” or “deny”."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_get_vm_info (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  reply = g_dbus_connection_call_sync (cli->bus, BH_SERVICE_NAME, vm->path, BH_VM_INTERFACE,
                                       "AnswerCamera", g_variant_new ("(b)", allow), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
  return reply != NULL ? BH_EXIT_OK : BH_EXIT_FAILED;
}
