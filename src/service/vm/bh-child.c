/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Processes of ours that serve one AppVM and that the service starts: the private D-Bus to one, and its end. */
#include "config.h"

#include "bh-child.h"

#define END_SECONDS 2

void
bh_child_bus_connect (int fd, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();

  if (!socket)
    g_error ("a socket of ours is none: %s", error->message);
  stream = g_socket_connection_factory_create_connection (socket);
  g_dbus_connection_new (G_IO_STREAM (stream), guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                             | G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_REQUIRE_SAME_USER
                             | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         NULL, NULL, callback, data);
}

GDBusConnection *
bh_child_bus_finish (GAsyncResult *result, GError **error)
{
  GDBusConnection *connection = g_dbus_connection_new_finish (result, error);

  if (connection)
    g_dbus_connection_set_exit_on_close (connection, FALSE);
  return connection;
}

static gboolean
kill_process (gpointer data)
{
  /* Does nothing when it has ended. */
  g_subprocess_force_exit (G_SUBPROCESS (data));
  return G_SOURCE_REMOVE;
}

void
bh_child_end (GSubprocess *process)
{
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, END_SECONDS, kill_process, g_object_ref (process),
                              g_object_unref);
}
