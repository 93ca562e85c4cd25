/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls to bulkhead-helper.
 *
 * The helper knows what is ours by our connection to the system bus, so there is one for the whole process. If it is
 * killed, the next one goes on with what we hold; we start that at once, because until then nobody
 * looks after it. */
#include "config.h"

#include "bh-helper-link.h"

#include "bh-error.h"

#include <string.h>

#define OBJECT_PATH "/io/github/bulkhead/Helper"
#define INTERFACE "io.github.bulkhead.Helper1"

typedef struct
{
  const char *method;
  const char *release; /* what gives it back; NULL: nothing does */
} Giving;

static const Giving giving[] = {
  { "EnableKvm", NULL },         { "CreateTap", "DestroyTap" }, { "AssignUsb", "ReleaseUsb" },
  { "AssignPci", "ReleasePci" }, { "RaiseLockedMemory", NULL },
};

typedef struct
{
  char *method;
  GVariant *args;
  GUnixFDList *fds;
  gulong cancelled_signal;
  gboolean answered; /* the task has returned; what the helper still says is given back */
} Call;

/* How many holds there are, as far as we know; more than 0: the helper must run. */
static guint held;
static guint watch;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_free (call->method);
  g_variant_unref (call->args);
  g_clear_object (&call->fds);
  g_free (call);
}

static const Giving *
find_giving (const char *method)
{
  for (gsize i = 0; i < G_N_ELEMENTS (giving); i++)
    if (strcmp (giving[i].method, method) == 0)
      return &giving[i];
  return NULL;
}

static void
helper_gone (GDBusConnection *connection, const char *name, gpointer data)
{
  if (held > 0 && connection != NULL)
    g_dbus_connection_call (connection, BH_HELPER_NAME, OBJECT_PATH, "org.freedesktop.DBus.Peer", "Ping",
                            NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

/* What the bus says, as something a person can do about. */
static void
explain (GError **error)
{
  static const struct
  {
    int code;
    const char *text;
  } known[] = {
    { G_DBUS_ERROR_SERVICE_UNKNOWN,
      "bulkhead-helper is not installed where the system bus looks for it. Install "
      "Bulkhead's helper, with the prefix /usr." },
    { G_DBUS_ERROR_NAME_HAS_NO_OWNER,
      "bulkhead-helper is not installed where the system bus looks for it. Install "
      "Bulkhead's helper, with the prefix /usr." },
    { G_DBUS_ERROR_ACCESS_DENIED,
      "The system bus does not let you call bulkhead-helper: its file "
      "io.github.bulkhead.Helper.conf is missing, or the bus has not read it yet." },
    { G_DBUS_ERROR_NO_REPLY,
      "bulkhead-helper ended while it was asked; what it had begun is undone. Try again." },
    { G_DBUS_ERROR_SPAWN_EXEC_FAILED,
      "The system bus could not start bulkhead-helper; its log says why." },
    { G_DBUS_ERROR_SPAWN_CHILD_EXITED,
      "bulkhead-helper did not start; the system's log says why." },
    { G_DBUS_ERROR_SPAWN_FAILED,
      "The system bus could not start bulkhead-helper; its log says why." },
    { G_DBUS_ERROR_TIMED_OUT, "bulkhead-helper did not start in time; the system's log says why." },
  };

  if ((*error)->domain == BH_ERROR)
    {
      g_dbus_error_strip_remote_error (*error);
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_error_matches (*error, G_DBUS_ERROR, known[i].code))
      {
        g_clear_error (error);
        g_set_error_literal (error, BH_ERROR, BH_ERROR_NO_HELPER, known[i].text);
        return;
      }
  g_dbus_error_strip_remote_error (*error);
  (*error)->domain = BH_ERROR;
  (*error)->code = BH_ERROR_NO_HELPER;
  g_prefix_error (error, "bulkhead-helper, which does what needs root, cannot be asked: ");
}

static void
give_back (const Giving *row, GVariant *reply)
{
  guint32 id;

  if (row == NULL || row->release == NULL || g_variant_n_children (reply) == 0)
    return;
  g_variant_get_child (reply, 0, "u", &id);
  bh_helper_link_release (row->release, id);
}

/* Whether it is still of interest what comes of the call. */
static gboolean
settle (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (call->answered)
    return FALSE;
  call->answered = TRUE;
  if (call->cancelled_signal != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), call->cancelled_signal);
  return TRUE;
}

static void
cancelled (GCancellable *cancellable, GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (call->answered)
    return;
  call->answered = TRUE;
  g_task_return_new_error (task, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
}

static void
called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  GDBusConnection *connection = G_DBUS_CONNECTION (source);
  const Giving *row = find_giving (call->method);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_with_unix_fd_list_finish (connection, &call->fds, result, &error);

  if (reply == NULL)
    {
      explain (&error);
      if (settle (task))
        g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (row != NULL)
    held++;
  if (watch == 0)
    watch = g_bus_watch_name_on_connection (connection, BH_HELPER_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                            helper_gone, NULL, NULL);
  if (settle (task))
    g_task_return_pointer (task, g_steal_pointer (&reply), (GDestroyNotify) g_variant_unref);
  else
    give_back (row, reply);
}

static void
got_bus (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_bus_get_finish (result, &error);

  if (connection == NULL)
    {
      if (settle (task))
        g_task_return_new_error (
            task, BH_ERROR, BH_ERROR_NO_HELPER,
            "The system bus, by which Bulkhead's helper is asked, cannot be reached (%s). Is dbus "
            "running?",
            error->message);
      return;
    }
  if (call->answered)
    return;
  /* A system that restarts its bus restarts its sessions: no reason to end AppVMs. */
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  /* Without the cancellable: an answer that nobody waits for any more must still be known, to give it back. */
  g_dbus_connection_call_with_unix_fd_list (connection, BH_HELPER_NAME, OBJECT_PATH, INTERFACE, call->method,
                                            call->args, NULL,
                                            G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                                            G_MAXINT, NULL, NULL, called, g_steal_pointer (&task));
}

void
bh_helper_link_call_async (const char *method, GVariant *args, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Call *call = g_new0 (Call, 1);

  call->method = g_strdup (method);
  call->args = g_variant_ref_sink (args ? args : g_variant_new ("()"));
  g_task_set_task_data (task, call, call_free);
  g_task_set_check_cancellable (task, FALSE);
  /* The names of errors must be known before one comes. */
  (void) bh_error_quark ();
  if (cancellable != NULL)
    call->cancelled_signal =
        g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (cancelled), task, 0);
  g_bus_get (G_BUS_TYPE_SYSTEM, NULL, got_bus, task);
}

GVariant *
bh_helper_link_call_finish (GAsyncResult *result, GUnixFDList **fds, GError **error)
{
  Call *call = g_task_get_task_data (G_TASK (result));
  GVariant *reply = g_task_propagate_pointer (G_TASK (result), error);

  if (fds != NULL)
    *fds = reply ? g_steal_pointer (&call->fds) : NULL;
  return reply;
}

static void
released (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bh_helper_link_call_finish (result, NULL, &error);

  if (reply == NULL)
    g_warning ("giving back to the helper: %s", error->message);
}

void
bh_helper_link_release (const char *method, guint32 id)
{
  if (held > 0)
    held--;
  bh_helper_link_call_async (method, g_variant_new ("(u)", id), NULL, released, NULL);
}

int
bh_helper_link_take_fd (GUnixFDList *fds, gint32 handle, GError **error)
{
  int fd = fds ? g_unix_fd_list_get (fds, handle, NULL) : -1;

  if (fd < 0)
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "bulkhead-helper sent no descriptor");
  return fd;
}
