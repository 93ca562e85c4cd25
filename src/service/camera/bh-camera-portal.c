/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A connection to PipeWire from the desktop's camera portal.
 *
 * AccessCamera answers by a signal of a request object, whose path is known before the call, so that the answer
 * cannot be missed; OpenPipeWireRemote gives the descriptor then
 * (xdg-desktop-portal, org.freedesktop.portal.Camera.xml and org.freedesktop.portal.Request.xml). */
#include "config.h"

#include "bh-camera-portal.h"

#include "bh-error.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#define NAME "org.freedesktop.portal.Desktop"
#define PATH "/org/freedesktop/portal/desktop"
#define CAMERA "org.freedesktop.portal.Camera"
#define REQUEST "org.freedesktop.portal.Request"

typedef struct
{
  GDBusConnection *connection;
  char *path; /* of the request */
  guint subscription;
  gboolean over; /* the caller has its answer */
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  g_clear_object (&question->connection);
  g_free (question->path);
  g_free (question);
}

static void
unsubscribe (Question *question)
{
  guint subscription = question->subscription;

  question->subscription = 0;
  if (subscription)
    g_dbus_connection_signal_unsubscribe (question->connection, subscription);
}

/* Answers @task, once; takes both. */
static void
done (GTask *task, int fd, GError *error)
{
  Question *question = g_task_get_task_data (task);

  if (question->over)
    {
      g_clear_error (&error);
      if (fd >= 0)
        close (fd);
      return;
    }
  question->over = TRUE;
  unsubscribe (question);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

static void
on_remote (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &fds, result, &error);
  int handle, fd = -1;

  if (reply && fds)
    {
      g_variant_get (reply, "(h)", &handle);
      fd = g_unix_fd_list_get (fds, handle, &error);
    }
  else if (reply)
    error = g_error_new_literal (BH_ERROR, BH_ERROR_FAILED, "no descriptor came");
  done (task, fd, error);
}

static void
on_response (GDBusConnection *connection, const char *sender, const char *path,
             const char *interface, const char *signal, GVariant *parameters, gpointer data)
{
  GTask *task = data;
  Question *question = g_task_get_task_data (task);
  guint32 response = 2;

  if (question->over || !question->subscription)
    return;
  unsubscribe (question);
  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ua{sv})")))
    g_variant_get_child (parameters, 0, "u", &response);
  if (response != 0)
    {
      done (task, -1,
            g_error_new_literal (BH_ERROR, BH_ERROR_NOT_AUTHORIZED,
                                 "The desktop does not let Bulkhead use the camera"));
      return;
    }
  g_dbus_connection_call_with_unix_fd_list (
      connection, NAME, PATH, CAMERA, "OpenPipeWireRemote", g_variant_new ("(a{sv})", NULL),
      G_VARIANT_TYPE ("(h)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, on_remote, g_object_ref (task));
}

/* The user need not answer any more. */
static void
close_request (Question *question)
{
  g_dbus_connection_call (question->connection, NAME, question->path, REQUEST, "Close", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Question *question = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply && question->over)
    close_request (question);
  if (reply)
    return; /* its Response comes */
  g_debug ("no camera portal: %s", error->message);
  done (task, -1, NULL);
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  GTask *task = data;
  Question *question = g_task_get_task_data (task);

  if (question->over)
    return;
  close_request (question);
  done (task, -1, g_error_new_literal (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled"));
}

static void
ask (GTask *task, Question *question)
{
  static guint serial;
  g_autofree char *token = g_strdup_printf ("bulkhead%u", ++serial);
  g_autofree char *sender =
      g_strdup (g_dbus_connection_get_unique_name (question->connection) + 1);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GVariantDict options;

  g_strdelimit (sender, ".", '_');
  question->path =
      g_strdup_printf ("/org/freedesktop/portal/desktop/request/%s/%s", sender, token);
  question->subscription = g_dbus_connection_signal_subscribe (
      question->connection, NAME, REQUEST, "Response", question->path, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_response, g_object_ref (task), g_object_unref);
  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "handle_token", "s", token);
  g_dbus_connection_call (question->connection, NAME, PATH, CAMERA, "AccessCamera",
                          g_variant_new ("(@a{sv})", g_variant_dict_end (&options)),
                          G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_asked,
                          g_object_ref (task));
  if (cancellable)
    g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_cancelled), task, 0);
}

void
bh_camera_portal_open_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Question *question = g_new0 (Question, 1);

  g_task_set_check_cancellable (task, FALSE); /* done () sees to that */
  g_task_set_task_data (task, question, question_free);
  question->connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL); /* ours, long open */
  if (question->connection)
    ask (task, question);
  else
    g_task_return_int (task, -1);
}

int
bh_camera_portal_open_finish (GAsyncResult *result, GError **error)
{
  GError *own = NULL;
  gssize fd = g_task_propagate_int (G_TASK (result), &own);

  if (!own)
    return (int) fd;
  g_propagate_error (error, own);
  return -1;
}
