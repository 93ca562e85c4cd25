/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl rename: give an AppVM another name. Its id stays. */
#include "config.h"

#include "commands.h"

#include <glib/gi18n.h>

int
bh_cmd_rename (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autoptr (BhDbusVm1) vm = NULL;
  GVariantBuilder settings;

  if (!bh_cli_parse (command, NULL, &argv, 2, 2, error))
    return BH_EXIT_USAGE;
  if (!g_utf8_validate (argv[1], -1, NULL))
    {
      bh_cli_set_usage_error (error, _ ("The name is not valid UTF-8."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_find_vm (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", "Name", argv[1]);
  return bh_dbus_vm1_call_set_sync (vm, g_variant_builder_end (&settings), NULL, NULL, error)
             ? BH_EXIT_OK
             : BH_EXIT_FAILED;
}
