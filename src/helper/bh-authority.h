/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who calls, and whether polkit lets them. */
#pragma once

#include <gio/gio.h>

/**
 * bh_authority_check_async:
 * @connection: to the system bus
 * @caller: unique name, as the bus gave it with the message
 * @action: of io.github.bulkhead.Helper.policy
 * @details: (element-type utf8 utf8): for the question's text
 * @ask: whether polkit may put a question to a person
 *
 * polkit finds user, process and session of @caller by asking the bus: nothing that @caller says itself
 * counts.
 */
void bh_authority_check_async (const char *caller, const char *action, GHashTable *details, gboolean ask,
                               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
/* %BH_ERROR_NOT_AUTHORIZED says whether it was denied, dismissed, or could not be asked. */
gboolean bh_authority_check_finish (GAsyncResult *result, GError **error);

/* The user of @caller, from the bus. */
void bh_authority_get_uid_async (GDBusConnection *connection, const char *caller,
                                 GAsyncReadyCallback callback, gpointer data);
gboolean bh_authority_get_uid_finish (GAsyncResult *result, guint32 *uid, GError **error);
