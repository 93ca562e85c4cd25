/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl start: start an AppVM; with --debug in the foreground, showing its log. */
#include "config.h"

#include "bh-paths.h"
#include "commands.h"
#include "job.h"
#include "launch-options.h"
#include "log-follow.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static gboolean
stopped (BhDbusVm1 *vm)
{
  const char *state = bh_dbus_vm1_get_state (vm);

  /* NULL: the service has gone; the AppVM goes on, but there is nothing left to wait for. */
  return state == NULL || strcmp (state, "stopped") == 0 || strcmp (state, "failed") == 0;
}

static gboolean
on_interrupt (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static void
on_state (BhDbusVm1 *vm, GParamSpec *pspec, GMainLoop *loop)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (vm));

  if (owner == NULL || stopped (vm))
    g_main_loop_quit (loop);
}

/* Until the AppVM stops or Ctrl+C, which stops it. */
static gboolean
stay (BhCli *cli, BhDbusVm1 *vm, BhProgress *progress, GError **error)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
  guint sources[G_N_ELEMENTS (signals)];
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  BhJobRequest request = { "Stop" };
  g_autofree char *owner = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    sources[i] = g_unix_signal_add (signals[i], on_interrupt, loop);
  g_signal_connect (vm, "notify::state", G_CALLBACK (on_state), loop);
  g_signal_connect (vm, "notify::g-name-owner", G_CALLBACK (on_state), loop);
  owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (vm));
  if (owner != NULL && !stopped (vm))
    g_main_loop_run (loop);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (sources[i]);
  g_signal_handlers_disconnect_by_data (vm, loop);

  g_free (owner);
  owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (vm));
  if (owner == NULL)
    {
      g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, "");
      return FALSE;
    }
  if (stopped (vm))
    return TRUE;
  /* The first gives its programs time; Ctrl+C during that does not. */
  for (int force = 0; force < 2; force++)
    {
      g_auto (BhJobOutcome) outcome = { NULL };

      g_clear_error (error);
      request.parameters = g_variant_new ("(b)", force);
      if (bh_job_run (cli, vm, &request, progress, &outcome, error))
        return TRUE;
    }
  return FALSE;
}

int
bh_cmd_start (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean debug = FALSE, quiet = FALSE;
  const GOptionEntry entries[] = {
    { "debug", 'd', 0, G_OPTION_ARG_NONE, &debug,
      N_ ("Stay, showing what QEMU and the guest print; Ctrl+C stops the AppVM"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, N_ ("Do not show the steps"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autoptr (BhProgress) progress = NULL;
  g_autoptr (BhLogFollow) log = NULL;
  g_auto (BhJobOutcome) outcome = { NULL };
  BhJobRequest request = { "Start" };
  GVariantBuilder options;

  if (!bh_cli_parse (command, entries, &argv, 1, 1, error)
      || (vm = bh_cli_find_vm (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  if (debug && !stopped (vm))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                   _ ("“%s” runs already. Stop it first, or see “bulkheadctl log -f”."), argv[0]);
      return BH_EXIT_FAILED;
    }
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  bh_cli_add_display (&options, FALSE);
  if (debug)
    {
      g_autofree char *path = NULL;

      if (bh_dbus_vm1_get_id (vm) == NULL)
        {
          g_variant_builder_clear (&options);
          g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, "");
          return BH_EXIT_FAILED;
        }
      path = bh_paths_log_file (bh_dbus_vm1_get_id (vm));
      g_variant_builder_add (&options, "{sv}", "debug", g_variant_new_boolean (TRUE));
      log = bh_log_follow_new (path, 0);
    }
  progress = bh_progress_new (quiet);
  request.parameters = g_variant_new ("(a{sv})", &options);
  if (!bh_job_run (cli, vm, &request, progress, &outcome, error))
    return BH_EXIT_FAILED;
  return !debug || stay (cli, vm, progress, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
}
