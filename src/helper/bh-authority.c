/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * polkit and the bus daemon: the only two whose word on a caller counts. */
#include "config.h"

#include "bh-authority.h"

#include "bh-error.h"

#include <polkit/polkit.h>

static void
checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthorizationResult) answer
      = polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);

  if (answer == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_CANCELLED, "The caller left meanwhile.");
  else if (answer == NULL)
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_AUTHORIZED,
                             "polkit could not be asked whether this is allowed (%s). Is polkitd installed and running, "
                             "and is io.github.bulkhead.Helper.policy where it looks for actions?",
                             error->message);
  else if (polkit_authorization_result_get_is_authorized (answer))
    g_task_return_boolean (task, TRUE);
  else if (polkit_authorization_result_get_dismissed (answer))
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_AUTHORIZED, "The question for permission was dismissed.");
  else if (polkit_authorization_result_get_is_challenge (answer))
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_AUTHORIZED,
                             "An administrator must allow this, and nothing is there that could ask for the password. Try it "
                             "from the desktop, or start a polkit agent such as pkttyagent.");
  else
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_AUTHORIZED,
                             "The administrator's rules do not allow this to you.");
}

static void
got_authority (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthority) authority = polkit_authority_get_finish (result, &error);
  g_autoptr (PolkitSubject) subject = NULL;
  g_autoptr (PolkitDetails) details = NULL;
  GVariant *question = g_task_get_task_data (task);
  const char *caller, *action, *name, *value;
  g_autoptr (GVariantIter) iter = NULL;
  gboolean ask;

  if (authority == NULL)
    {
      g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_AUTHORIZED,
                               "polkit is not there to say whether this is allowed (%s). Install polkitd.",
                               error->message);
      return;
    }
  g_variant_get (question, "(&s&sba{ss})", &caller, &action, &ask, &iter);
  subject = polkit_system_bus_name_new (caller);
  details = polkit_details_new ();
  while (g_variant_iter_next (iter, "{&s&s}", &name, &value))
    polkit_details_insert (details, name, value);
  polkit_authority_check_authorization (authority, subject, action, details,
                                        ask ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                                            : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
                                        g_task_get_cancellable (task), checked, g_object_ref (task));
}

void
bh_authority_check_async (const char *caller, const char *action, GHashTable *details, gboolean ask,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer name, value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, details);
  while (g_hash_table_iter_next (&iter, &name, &value))
    g_variant_builder_add (&builder, "{ss}", name, value);
  /* What polkit has answered counts, also when the caller left just then: the act looks again. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (
      task, g_variant_ref_sink (g_variant_new ("(ssba{ss})", caller, action, ask, &builder)),
      (GDestroyNotify) g_variant_unref);
  polkit_authority_get_async (cancellable, got_authority, task);
}

gboolean
bh_authority_check_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
got_uid (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint32 uid;

  if (reply == NULL)
    {
      g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_AUTHORIZED, "The bus does not say who calls: %s",
                               error->message);
      return;
    }
  g_variant_get (reply, "(u)", &uid);
  g_task_return_int (task, uid);
}

void
bh_authority_get_uid_async (GDBusConnection *connection, const char *caller,
                            GAsyncReadyCallback callback, gpointer data)
{
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionUnixUser",
                          g_variant_new ("(s)", caller), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, got_uid,
                          g_task_new (connection, NULL, callback, data));
}

gboolean
bh_authority_get_uid_finish (GAsyncResult *result, guint32 *uid, GError **error)
{
  g_autoptr (GError) local = NULL;
  gssize value = g_task_propagate_int (G_TASK (result), &local);

  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *uid = value;
  return TRUE;
}
