/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-helper: the only part of Bulkhead that is root.
 *
 * Started by the system bus for io.github.bulkhead.Helper, ends when nobody has used it for a while and nobody holds
 * anything. Believes: the kernel, the bus daemon on who calls, polkit on what they may, helper.conf and the ledger,
 * which only root can write. Believes no caller anything. Starts no program, listens on no socket of its own, reads no
 * path that somebody names.
 *
 * Its files: bh-desk (calls, from message to reply), bh-verbs (the table), bh-authority (who, and may they), bh-ledger
 * (what is to be undone), then one per verb. */
#include "config.h"

#include "bh-caps.h"
#include "bh-desk.h"
#include "bh-error.h"
#include "bh-ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUS_NAME "io.github.bulkhead.Helper"
#define FOLDER "/run/bulkhead-helper"
#define IDLE_SECONDS 30

typedef struct
{
  GMainLoop *loop;
  GDBusConnection *connection;
  BhDesk *desk;
  gboolean leaving; /* the bus name is given back: calls that were on their way are still answered */
  int status;
} Helper;

/* Two at once would not know of each other's holds: the next waits until this one is gone. */
static gboolean
lock (GError **error)
{
  int fd;

  if (mkdir (FOLDER, 0700) != 0 && errno != EEXIST)
    {
      bh_error_set_from_errno (error, errno, "Making " FOLDER);
      return FALSE;
    }
  fd = open (FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  /* Kept open until the end. */
  if (fd >= 0 && flock (fd, LOCK_EX) == 0)
    return TRUE;
  bh_error_set_from_errno (error, errno, "Locking " FOLDER "/lock");
  return FALSE;
}

static GVariant *
ask_bus (Helper *helper, const char *method, GVariant *args, GError **error)
{
  return g_dbus_connection_call_sync (helper->connection, "org.freedesktop.DBus",
                                      "/org/freedesktop/DBus", "org.freedesktop.DBus", method, args,
                                      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
}

static void
became_idle (gpointer data)
{
  Helper *helper = data;
  g_autoptr (GVariant) reply = NULL;

  /* From the answer on the bus sends calls to a new process. Those that came before are in the queue. */
  if (!helper->leaving)
    reply = ask_bus (helper, "ReleaseName", g_variant_new ("(s)", BUS_NAME), NULL);
  helper->leaving = TRUE;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  if (!bh_desk_is_busy (helper->desk))
    g_main_loop_quit (helper->loop);
}

/* What is held stays held, and in the ledger: the next process goes on with it. */
static gboolean
terminated (gpointer data)
{
  g_main_loop_quit (((Helper *) data)->loop);
  return G_SOURCE_REMOVE;
}

static void
bus_gone (GDBusConnection *connection, gboolean remote, GError *error, gpointer data)
{
  Helper *helper = data;

  bh_desk_undo_all (helper->desk);
  g_main_loop_quit (helper->loop);
}

static gboolean
own_name (Helper *helper, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  guint32 code;

  /* 4: do not queue. */
  reply = ask_bus (helper, "RequestName", g_variant_new ("(su)", BUS_NAME, 4), error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(u)", &code);
  if (code == 1)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "another process has the name " BUS_NAME);
  return FALSE;
}

static gboolean
run (Helper *helper, guint idle_seconds, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  BhLedger *ledger;
  const char *bus;

  helper->connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, error);
  if (helper->connection == NULL)
    return FALSE;
  g_dbus_connection_set_exit_on_close (helper->connection, FALSE);
  reply = ask_bus (helper, "GetId", NULL, error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(&s)", &bus);
  ledger = bh_ledger_open (FOLDER, bus, error);
  if (ledger == NULL)
    return FALSE;
  helper->desk = bh_desk_new (helper->connection, ledger, idle_seconds, became_idle, helper);
  g_signal_connect (helper->connection, "closed", G_CALLBACK (bus_gone), helper);
  g_unix_signal_add (SIGTERM, terminated, helper);
  g_unix_signal_add (SIGINT, terminated, helper);
  if (bh_desk_open (helper->desk, error) && own_name (helper, error))
    g_main_loop_run (helper->loop);
  (void) g_dbus_connection_flush_sync (helper->connection, NULL, NULL);
  bh_ledger_close (ledger);
  return error == NULL || *error == NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Helper helper = { 0 };
  int idle_seconds = IDLE_SECONDS;
  const GOptionEntry entries[] = {
    { "idle", 0, 0, G_OPTION_ARG_INT, &idle_seconds, "End when unused for so long", "SECONDS" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  umask (077);
  if (geteuid () != 0)
    {
      fputs ("bulkhead-helper: it works as root only; the system bus starts it when it is needed.\n", stderr);
      return EXIT_FAILURE;
    }
  /* Before GLib makes its threads, which would keep the capabilities. */
  if (!bh_caps_drop ())
    {
      fputs ("bulkhead-helper: the capabilities it does not need cannot be dropped.\n", stderr);
      return EXIT_FAILURE;
    }
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || idle_seconds < 1)
    {
      fprintf (stderr, "bulkhead-helper: %s\n", error ? error->message : "--idle: at least 1");
      return 2;
    }
  helper.loop = g_main_loop_new (NULL, FALSE);
  if (!lock (&error) || !run (&helper, idle_seconds, &error))
    {
      fprintf (stderr, "bulkhead-helper: %s\n", error->message);
      return EXIT_FAILURE;
    }
  return EXIT_SUCCESS;
}
