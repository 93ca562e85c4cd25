/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Questions of the camera portal that were not answered.
 *
 * Theory of operation: the portal closes a question when who asked is gone from the bus, takes that for a "no", and keeps
 * it for good in the desktop's store of permissions (xdg-desktop-portal, src/device.c). So as long as a question is open,
 * a file tells for which programs the store had an answer before. Where it is found at the next question, the user has
 * not answered the last one, and each "no" that came to the store since then is taken out again. Which of its programs
 * this one is, only the portal knows. */
#include "config.h"

#include "bh-camera-unanswered.h"

#include "bh-paths.h"

#include <errno.h>
#include <glib/gstdio.h>

#define STORE "org.freedesktop.impl.portal.PermissionStore"
#define STORE_PATH "/org/freedesktop/impl/portal/PermissionStore"
#define NOT_FOUND "org.freedesktop.portal.Error.NotFound"
#define TABLE "devices"
#define ENTRY "camera"
#define TIMEOUT_MS 5000
/* By then the portal has noticed that the last service is gone. */
#define SETTLE_MS 1000

typedef struct
{
  GDBusConnection *connection;
  char **before; /* programs with an answer, from the file; NULL: there was none */
  guint deleting;
} Look;

static void
look_free (Look *look)
{
  g_object_unref (look->connection);
  g_strfreev (look->before);
  g_free (look);
}

static char *
file_path (void)
{
  return bh_paths_state_file ("camera-question");
}

static char **
load (void)
{
  g_autofree char *path = file_path (), *text = NULL;
  g_autoptr (GVariant) value = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  value = g_variant_parse (G_VARIANT_TYPE_STRING_ARRAY, text, NULL, NULL, NULL);
  if (!value)
    bh_camera_unanswered_clear (); /* it is nothing of ours */
  return value ? g_variant_dup_strv (value, NULL) : NULL;
}

static void
save (GPtrArray *programs)
{
  g_autoptr (GVariant) value =
      g_variant_ref_sink (g_variant_new_strv ((const char *const *) programs->pdata, programs->len));
  g_autofree char *path = file_path (), *dir = g_path_get_dirname (path),
                  *text = g_variant_print (value, TRUE);
  g_autoptr (GError) error = NULL;

  if (!bh_paths_ensure (dir, &error) || !g_file_set_contents (path, text, -1, &error))
    g_warning ("a question that is left open may count as a no: %s", error->message);
}

void
bh_camera_unanswered_clear (void)
{
  g_autofree char *path = file_path ();

  if (g_unlink (path) != 0 && errno != ENOENT)
    g_warning ("%s: %s", path, g_strerror (errno));
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Look *look = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (!reply)
    g_warning ("what the desktop took for a no stays: %s", error->message);
  if (--look->deleting == 0)
    g_task_return_boolean (task, TRUE);
}

static void
delete_answer (GTask *task, const char *program)
{
  Look *look = g_task_get_task_data (task);

  look->deleting++;
  g_dbus_connection_call (look->connection, STORE, STORE_PATH, STORE, "DeletePermission",
                          g_variant_new ("(sss)", TABLE, ENTRY, program), NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, on_deleted, g_object_ref (task));
}

/* @answers: of type a{sas}. */
static void
take_answers (GTask *task, GVariant *answers)
{
  Look *look = g_task_get_task_data (task);
  g_autoptr (GPtrArray) programs = g_ptr_array_new ();
  GVariantIter iter;
  const char *program;
  const char **answer;

  g_variant_iter_init (&iter, answers);
  while (g_variant_iter_loop (&iter, "{&s^a&s}", &program, &answer))
    if (look->before && !g_strv_contains ((const char *const *) look->before, program)
        && g_strcmp0 (answer[0], "no") == 0)
      delete_answer (task, program);
    else
      g_ptr_array_add (programs, (gpointer) program);
  save (programs);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Look *look = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GVariant) answers = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply)
    answers = g_variant_get_child_value (reply, 0);
  else
    name = g_dbus_error_get_remote_error (error);
  if (answers || g_strcmp0 (name, NOT_FOUND) == 0)
    {
      if (!answers)
        answers = g_variant_ref_sink (g_variant_new ("a{sas}", NULL));
      take_answers (task, answers);
    }
  /* Otherwise nobody keeps answers. */
  if (look->deleting == 0)
    g_task_return_boolean (task, TRUE);
}

static gboolean
look_up (gpointer data)
{
  GTask *task = data;
  Look *look = g_task_get_task_data (task);

  g_dbus_connection_call (look->connection, STORE, STORE_PATH, STORE, "Lookup",
                          g_variant_new ("(ss)", TABLE, ENTRY), G_VARIANT_TYPE ("(a{sas}v)"),
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, on_looked_up, task);
  return G_SOURCE_REMOVE;
}

void
bh_camera_unanswered_prepare_async (GDBusConnection *connection, GAsyncReadyCallback callback,
                                    gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Look *look = g_new0 (Look, 1);

  look->connection = g_object_ref (connection);
  look->before = load ();
  g_task_set_task_data (task, look, (GDestroyNotify) look_free);
  if (look->before)
    g_timeout_add (SETTLE_MS, look_up, task);
  else
    look_up (task);
}
