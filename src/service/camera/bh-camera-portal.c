/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A connection to PipeWire from the desktop's camera portal.
 *
 * AccessCamera answers by a signal of a request object, whose path is known before the call, so that the answer
 * cannot be missed; OpenPipeWireRemote gives the descriptor then
 * (xdg-desktop-portal, org.freedesktop.portal.Camera.xml and org.freedesktop.portal.Request.xml).
 *
 * The user is asked once for all who wait, and the question stays until it is answered, also when they have given up:
 * the portal takes a question that is withdrawn for a no, and keeps that for good. A program in an AppVM could so take
 * the camera away from everybody, by looking for a moment. Nor may this service by ending: bh-camera-unanswered.h. */
#include "config.h"

#include "bh-camera-portal.h"

#include "bh-camera-unanswered.h"
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
  guint response, owner; /* subscriptions */
  GList *tasks;          /* that wait for the answer */
  guint serial;
} Question;

/* What the user has before them, or NULL. */
static Question *question;

/* Answers @task, once: it may have been cancelled. Takes @fd and @error. */
static void
done (GTask *task, int fd, GError *error)
{
  if (g_task_get_task_data (task))
    {
      g_clear_error (&error);
      if (fd >= 0)
        close (fd);
      return;
    }
  g_task_set_task_data (task, (gpointer) NAME, NULL); /* it is answered */
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, fd);
}

/* The tasks that have waited; the caller's. */
static GList *
end_question (void)
{
  GList *tasks = g_steal_pointer (&question->tasks);

  bh_camera_unanswered_clear ();
  g_dbus_connection_signal_unsubscribe (question->connection, question->response);
  g_dbus_connection_signal_unsubscribe (question->connection, question->owner);
  g_object_unref (question->connection);
  g_clear_pointer (&question, g_free);
  return tasks;
}

static void
fail (int code, const char *text)
{
  g_autolist (GTask) tasks = end_question ();

  for (GList *l = tasks; l; l = l->next)
    done (l->data, -1, g_error_new_literal (BH_ERROR, code, text));
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
  guint32 response = 2;
  g_autolist (GTask) tasks = NULL;

  if (!question)
    return;
  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ua{sv})")))
    g_variant_get_child (parameters, 0, "u", &response);
  if (response != 0)
    {
      fail (BH_ERROR_NOT_AUTHORIZED, "The desktop does not let Bulkhead use the camera");
      return;
    }
  tasks = end_question ();
  for (GList *l = tasks; l; l = l->next)
    g_dbus_connection_call_with_unix_fd_list (
        connection, NAME, PATH, CAMERA, "OpenPipeWireRemote", g_variant_new ("(a{sv})", NULL),
        G_VARIANT_TYPE ("(h)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, on_remote,
        g_object_ref (l->data));
}

static void
on_owner_changed (GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *signal, GVariant *parameters, gpointer data)
{
  const char *owner = NULL;

  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    g_variant_get_child (parameters, 2, "&s", &owner);
  if (question && owner && !*owner)
    fail (BH_ERROR_FAILED, "The desktop's portal has ended");
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autolist (GTask) tasks = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply || !question || question->serial != GPOINTER_TO_UINT (data))
    return; /* its Response comes, or has come */
  g_debug ("no camera portal: %s", error->message);
  tasks = end_question ();
  for (GList *l = tasks; l; l = l->next)
    done (l->data, -1, NULL);
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  GTask *task = data;
  GList *waits = question ? g_list_find (question->tasks, task) : NULL;

  g_object_ref (task);
  if (waits)
    {
      question->tasks = g_list_delete_link (question->tasks, waits);
      g_object_unref (task);
    }
  done (task, -1, g_error_new_literal (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled"));
  g_object_unref (task);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  GDBusConnection *connection = question->connection;
  g_autofree char *token = g_strdup_printf ("bulkhead%u", question->serial);
  g_autofree char *sender = g_strdup (g_dbus_connection_get_unique_name (connection) + 1);
  g_autofree char *path = NULL;
  GVariantDict options;

  g_strdelimit (sender, ".", '_');
  path = g_strdup_printf (PATH "/request/%s/%s", sender, token);
  question->response = g_dbus_connection_signal_subscribe (
      connection, NAME, REQUEST, "Response", path, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_response,
      NULL, NULL);
  question->owner = g_dbus_connection_signal_subscribe (
      connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
      "/org/freedesktop/DBus", NAME, G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, NULL, NULL);
  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "handle_token", "s", token);
  g_dbus_connection_call (connection, NAME, PATH, CAMERA, "AccessCamera",
                          g_variant_new ("(@a{sv})", g_variant_dict_end (&options)),
                          G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_asked,
                          GUINT_TO_POINTER (question->serial));
}

/* The question does not end before it is put. */
static void
ask (GDBusConnection *connection)
{
  static guint serial;

  question = g_new0 (Question, 1);
  question->connection = g_object_ref (connection);
  question->serial = ++serial;
  bh_camera_unanswered_prepare_async (connection, on_prepared, NULL);
}

void
bh_camera_portal_open_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GDBusConnection) connection =
      g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL); /* ours, long open */

  g_task_set_check_cancellable (task, FALSE); /* done () sees to that */
  if (!connection)
    {
      g_task_return_int (task, -1);
      return;
    }
  if (!question)
    ask (connection);
  question->tasks = g_list_append (question->tasks, g_object_ref (task));
  if (cancellable)
    g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_cancelled), task, 0);
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
