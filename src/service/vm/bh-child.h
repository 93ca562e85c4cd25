/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Processes of ours that serve one AppVM and that the service starts: the private D-Bus to one, and its end. */
#pragma once

#include <gio/gio.h>

/* The other end of @fd, which is taken, is the child's: no name, this user only. Messages are held back until
 * g_dbus_connection_start_message_processing(). */
void bh_child_bus_connect (int fd, GAsyncReadyCallback callback, gpointer data);
GDBusConnection *bh_child_bus_finish (GAsyncResult *result, GError **error);

/* It has been told to end, by its sockets: see that it does. */
void bh_child_end (GSubprocess *process);
