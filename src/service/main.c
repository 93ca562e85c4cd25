/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-service: the AppVMs of one user, on the session bus. */
#include "config.h"

#include "bh-exchange.h"
#include "bh-newcomer.h"
#include "bh-guest-settings.h"
#include "bh-hypervisor.h"
#include "bh-manager.h"
#include "bh-templates.h"
#include "bh-trim.h"

#include <glib-unix.h>
#include <libintl.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUS_NAME "io.github.bulkhead.Service"
/* When stopping AppVMs takes longer than this at the end of a session, the session goes without us. */
#define LEAVE_SECONDS 15
#define CALL_SECONDS 3

typedef struct
{
  GMainLoop *loop;
  BhManager *manager;
  GDBusConnection *connection;
  guint name;
  gboolean owned;
  int status;
} Service;

static gboolean
leave_over (gpointer data)
{
  Service *service = data;

  g_warning ("Stopping took too long");
  g_main_loop_quit (service->loop);
  return G_SOURCE_REMOVE;
}

static void
leave (Service *service, gboolean stop_vms)
{
  g_timeout_add_seconds (LEAVE_SECONDS, leave_over, service);
  bh_manager_leave (service->manager, stop_vms);
}

static gboolean
on_terminate (gpointer data)
{
  leave (data, TRUE);
  return G_SOURCE_CONTINUE;
}

static void
on_quit (BhManager *manager, Service *service)
{
  /* The reply to the call that asked for it must be out first. */
  g_dbus_connection_flush_sync (service->connection, NULL, NULL);
  g_main_loop_quit (service->loop);
}

static void
on_bus_closed (GDBusConnection *connection, gboolean remote, GError *error, gpointer data)
{
  g_message ("The session bus is gone: the session has ended");
  leave (data, TRUE);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer data)
{
  Service *service = data;

  service->owned = TRUE;
  bh_manager_begin (service->manager);
  bh_trim_later ();
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer data)
{
  Service *service = data;

  if (!connection || g_dbus_connection_is_closed (connection))
    return;
  if (!service->owned)
    {
      g_printerr ("bulkhead-service: another one runs already.\n");
      service->status = EXIT_FAILURE;
      g_main_loop_quit (service->loop);
    }
}

static void
on_ready (BhManager *manager, Service *service)
{
  service->name = g_bus_own_name_on_connection (service->connection, BUS_NAME,
                                                G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                                on_name_acquired, on_name_lost, service, NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Service service = { .status = EXIT_SUCCESS };
  gboolean version = FALSE;
  GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  setlocale (LC_ALL, "");
  /* For the tray alone: errors and logs are in English. */
  bindtextdomain (GETTEXT_PACKAGE, BH_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  /* Each thread would get a heap of its own; what runs in threads here is rare and short. */
  mallopt (M_ARENA_MAX, 2);
  mallopt (M_TRIM_THRESHOLD, 128 * 1024);
  umask (077);
  g_set_prgname ("bulkhead-service");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, "The AppVMs of one user; started by the session bus.");
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("bulkhead-service: %s\n", error->message);
      return 2;
    }
  if (version)
    {
      g_print ("bulkhead-service %s\n", BH_VERSION);
      return EXIT_SUCCESS;
    }
  service.connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  if (!service.connection)
    {
      g_printerr ("bulkhead-service: There is no session bus: %s\n", error->message);
      return EXIT_FAILURE;
    }
  g_dbus_connection_set_exit_on_close (service.connection, FALSE);
  service.loop = g_main_loop_new (NULL, FALSE);
  service.manager = bh_manager_new ();
  bh_exchange_attach (service.manager);
  bh_duplicate_attach (service.manager);
  bh_templates_attach (service.manager);
  g_signal_connect (service.connection, "closed", G_CALLBACK (on_bus_closed), &service);
  g_signal_connect (service.manager, "quit", G_CALLBACK (on_quit), &service);
  if (!bh_manager_export (service.manager, service.connection, &error))
    {
      g_printerr ("bulkhead-service: %s\n", error->message);
      return EXIT_FAILURE;
    }
  bh_guest_settings_watch_desktop (service.connection);
  g_signal_connect (service.manager, "ready", G_CALLBACK (on_ready), &service);
  bh_manager_look (service.manager);
  g_unix_signal_add (SIGTERM, on_terminate, &service);
  g_unix_signal_add (SIGHUP, on_terminate, &service);
  g_unix_signal_add (SIGINT, on_terminate, &service);
  g_main_loop_run (service.loop);
  g_clear_handle_id (&service.name, g_bus_unown_name);
  g_dbus_connection_flush_sync (service.connection, NULL, NULL);
  g_clear_object (&service.manager);
  if (!bh_hypervisor_finish_calls (CALL_SECONDS))
    _exit (service.status);
  g_main_loop_unref (service.loop);
  g_object_unref (service.connection);
  return service.status;
}
