/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl duplicate: make an AppVM with the settings of another, and what its home has. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"
#include "job.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

static char *
duplicate (BhCli *cli, BhDbusManager1 *manager, BhDbusVm1 *vm, const char *name, gboolean home,
           GError **error)
{
  g_autoptr (BhProgress) progress = bh_progress_new (FALSE);
  g_auto (BhJobOutcome) outcome = { NULL };
  BhJobRequest request = { .method = "DuplicateVm" };
  GVariantBuilder options;
  char *path = NULL;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "home", g_variant_new_boolean (home));
  request.parameters =
      g_variant_new ("(ssa{sv})", g_dbus_proxy_get_object_path (G_DBUS_PROXY (vm)), name, &options);
  if (bh_job_run (cli, manager, &request, progress, &outcome, error))
    g_variant_lookup (outcome.result, "vm", "o", &path);
  return path;
}

static gboolean
has_home_disk (BhDbusVm1 *vm)
{
  GVariant *settings = bh_dbus_vm1_get_settings (vm);
  const char *home;

  return settings && g_variant_lookup (settings, "Home", "&s", &home) && g_str_equal (home, "disk");
}

int
bh_cmd_duplicate (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean empty = FALSE;
  const GOptionEntry entries[] = {
    { "empty-home", 0, 0, G_OPTION_ARG_NONE, &empty, N_ ("Copy the settings only"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autoptr (BhDbusVm1) copy = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  BhDbusManager1 *manager;

  if (!bh_cli_parse (command, entries, &argv, 1, 2, error))
    return BH_EXIT_USAGE;
  if (argv[1] != NULL && !g_utf8_validate (argv[1], -1, NULL))
    {
      bh_cli_set_usage_error (error, _ ("The name is not valid UTF-8."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_find_vm (cli, argv[0], error)) == NULL
      || (manager = bh_cli_get_manager (cli, error)) == NULL
      || (path = duplicate (cli, manager, vm, argv[1] != NULL ? argv[1] : "", !empty, error)) == NULL
      || (copy = bh_cli_find_vm (cli, path, error)) == NULL)
    return BH_EXIT_FAILED;
  name = bh_text_clean (bh_dbus_vm1_get_name (copy), strlen (bh_dbus_vm1_get_name (copy)), 80);
  printf (_ ("Created the AppVM “%s”.\n"), name);
  if (empty && has_home_disk (vm))
    puts (_ ("Its home begins empty."));
  return BH_EXIT_OK;
}
