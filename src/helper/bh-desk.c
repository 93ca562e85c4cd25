/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where calls come in.
 *
 * A call goes: who is it (the bus) → is the hold it names theirs → limits → the verb's check → polkit → all of that
 * again, for answering takes a person minutes → act → reply. Nothing has changed before the act, and what an act that
 * failed did is undone.
 *
 * Holds end by their verb, or when their owner leaves the bus; each connection that holds something or waits for
 * an answer is watched. All of this is in one thread. */
#include "config.h"

#include "bh-desk.h"

#include "bh-authority.h"
#include "bh-dbus-helper.h"
#include "bh-error.h"
#include "bh-netlink.h"
#include "bh-tap.h"
#include "bh-verbs.h"

#include <string.h>

#define OBJECT_PATH "/io/github/bulkhead/Helper"
#define MAX_PENDING 16
#define RETRY_MS 1000

struct _BhDesk
{
  GDBusConnection *connection;
  BhLedger *ledger;
  GPtrArray *pending;   /* of Pending */
  GHashTable *watches;  /* owner → watch id */
  GHashTable *leaving;  /* ids of holds whose owner has gone, for those whose undoing has to wait */
  guint retry;
  guint idle_seconds, idle_source;
  void (*idle) (gpointer data);
  gpointer idle_data;
};

typedef struct
{
  BhDesk *desk;
  BhCall call;
  GDBusMethodInvocation *invocation;
  GCancellable *cancellable; /* cancelled when the caller leaves */
  guint32 hold_id;           /* of the hold that the call is about */
} Pending;

static void watch (BhDesk *desk, const char *owner);

/* Idle. */

static gboolean
is_idle (gpointer data)
{
  BhDesk *desk = data;

  desk->idle_source = 0;
  if (!bh_desk_is_busy (desk))
    desk->idle (desk->idle_data);
  return G_SOURCE_REMOVE;
}

static void
restart_idle (BhDesk *desk)
{
  g_clear_handle_id (&desk->idle_source, g_source_remove);
  if (!bh_desk_is_busy (desk))
    desk->idle_source = g_timeout_add_seconds (desk->idle_seconds, is_idle, desk);
}

gboolean
bh_desk_is_busy (BhDesk *desk)
{
  return desk->pending->len > 0 || bh_ledger_holds (desk->ledger)->len > 0;
}

/* Undoing. */

static gboolean
undo (BhDesk *desk, BhHold *hold, GError **error)
{
  const BhKind *kind = bh_kinds_find (hold->kind);
  gboolean done;

  bh_caps_use (kind ? kind->caps : BH_CAP_NONE);
  done = kind == NULL || kind->undo (desk->ledger, hold, error);
  bh_caps_use (BH_CAP_NONE);
  if (!done)
    return FALSE;
  g_debug ("hold %u (%s) of %s is undone", hold->id, hold->kind, hold->owner);
  g_hash_table_remove (desk->leaving, GUINT_TO_POINTER (hold->id));
  bh_ledger_remove (desk->ledger, hold);
  /* If this fails the next process undoes it a second time, which changes nothing. */
  (void) bh_ledger_save (desk->ledger, NULL);
  return TRUE;
}

static void undo_leaving (BhDesk *desk);

static gboolean
retry (gpointer data)
{
  BhDesk *desk = data;

  desk->retry = 0;
  undo_leaving (desk);
  restart_idle (desk);
  return G_SOURCE_REMOVE;
}

/* The newest first: later ones may have been built on earlier ones. */
static void
undo_leaving (BhDesk *desk)
{
  GPtrArray *holds = bh_ledger_holds (desk->ledger);

  for (guint i = holds->len; i-- > 0;)
    {
      BhHold *hold = holds->pdata[i];
      g_autoptr (GError) error = NULL;

      if (g_hash_table_contains (desk->leaving, GUINT_TO_POINTER (hold->id))
          && !undo (desk, hold, &error))
        g_debug ("hold %u (%s) cannot be undone yet: %s", hold->id, hold->kind, error->message);
    }
  if (g_hash_table_size (desk->leaving) > 0 && desk->retry == 0)
    desk->retry = g_timeout_add (RETRY_MS, retry, desk);
}

static void
leave (BhDesk *desk, BhHold *hold)
{
  g_hash_table_add (desk->leaving, GUINT_TO_POINTER (hold->id));
}

static gboolean
needs_watch (BhDesk *desk, const char *owner)
{
  GPtrArray *holds = bh_ledger_holds (desk->ledger);

  for (guint i = 0; i < holds->len; i++)
    if (strcmp (((BhHold *) holds->pdata[i])->owner, owner) == 0)
      return TRUE;
  for (guint i = 0; i < desk->pending->len; i++)
    if (strcmp (((Pending *) desk->pending->pdata[i])->call.caller, owner) == 0)
      return TRUE;
  return FALSE;
}

static void
unwatch_if_done (BhDesk *desk, const char *owner)
{
  if (!needs_watch (desk, owner))
    g_hash_table_remove (desk->watches, owner);
}

static void
owner_vanished (GDBusConnection *connection, const char *name, gpointer data)
{
  BhDesk *desk = data;
  GPtrArray *holds = bh_ledger_holds (desk->ledger);
  g_autofree char *owner = g_strdup (name);

  for (guint i = 0; i < desk->pending->len; i++)
    {
      Pending *pending = desk->pending->pdata[i];

      if (strcmp (pending->call.caller, owner) == 0)
        g_cancellable_cancel (pending->cancellable);
    }
  for (guint i = 0; i < holds->len; i++)
    if (strcmp (((BhHold *) holds->pdata[i])->owner, owner) == 0)
      leave (desk, holds->pdata[i]);
  undo_leaving (desk);
  unwatch_if_done (desk, owner);
  restart_idle (desk);
}

static void
watch (BhDesk *desk, const char *owner)
{
  guint id;

  if (g_hash_table_contains (desk->watches, owner))
    return;
  /* It also says so when the owner is gone already. */
  id = g_bus_watch_name_on_connection (desk->connection, owner, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                       owner_vanished, desk, NULL);
  g_hash_table_insert (desk->watches, g_strdup (owner), GUINT_TO_POINTER (id));
}

static void
unwatch (gpointer id)
{
  g_bus_unwatch_name (GPOINTER_TO_UINT (id));
}

void
bh_desk_undo_all (BhDesk *desk)
{
  GPtrArray *holds = bh_ledger_holds (desk->ledger);

  for (guint i = 0; i < holds->len; i++)
    leave (desk, holds->pdata[i]);
  undo_leaving (desk);
}

/* Calls. */

static void
pending_free (Pending *pending)
{
  g_free (pending->call.caller);
  g_hash_table_unref (pending->call.details);
  g_variant_unref (pending->call.args);
  g_clear_object (&pending->call.fds);
  g_object_unref (pending->cancellable);
  g_free (pending);
}

/* The end of every call. */
static void
answer (Pending *pending, GError *error)
{
  BhDesk *desk = pending->desk;
  GDBusMethodInvocation *invocation = g_steal_pointer (&pending->invocation);
  g_autofree char *caller = g_strdup (pending->call.caller);

  if (error != NULL)
    {
      g_debug ("%s of user %u: %s", pending->call.verb->method, pending->call.uid, error->message);
      g_dbus_method_invocation_take_error (invocation, error);
    }
  else
    {
      /* Devices and networks given away are for the log. */
      g_info ("%s of user %u (%s): done", pending->call.verb->method, pending->call.uid, caller);
      g_dbus_method_invocation_return_value_with_unix_fd_list (
          invocation, g_steal_pointer (&pending->call.reply), pending->call.fds);
    }
  g_ptr_array_remove (desk->pending, pending);
  unwatch_if_done (desk, caller);
  restart_idle (desk);
}

static void
answer_error (Pending *pending, BhError code, const char *message)
{
  answer (pending, g_error_new_literal (BH_ERROR, code, message));
}

static guint
count_pending (BhDesk *desk, guint32 uid)
{
  guint n = 0;

  for (guint i = 0; i < desk->pending->len; i++)
    n += ((Pending *) desk->pending->pdata[i])->call.uid == uid;
  return n;
}

static guint
count_holds (BhDesk *desk, const char *kind, guint32 uid)
{
  GPtrArray *holds = bh_ledger_holds (desk->ledger);
  guint n = 0;

  for (guint i = 0; i < holds->len; i++)
    {
      BhHold *hold = holds->pdata[i];

      n += hold->uid == uid && strcmp (hold->kind, kind) == 0;
    }
  return n;
}

static gboolean
check (Pending *pending, GError **error)
{
  BhCall *call = &pending->call;
  const BhKind *kind = bh_kinds_find (call->verb->kind);
  gboolean good = TRUE;

  if (!call->verb->makes)
    {
      BhHold *hold = bh_ledger_find (pending->desk->ledger, pending->hold_id);

      /* Somebody else's is not there, as far as this caller is concerned. */
      if (hold == NULL || hold->uid != call->uid || strcmp (hold->owner, call->caller) != 0
          || strcmp (hold->kind, kind->name) != 0
          || g_hash_table_contains (pending->desk->leaving, GUINT_TO_POINTER (hold->id)))
        {
          g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "You hold nothing of the number %u.",
                       pending->hold_id);
          return FALSE;
        }
      call->hold = hold;
    }
  else if (count_holds (pending->desk, kind->name, call->uid) >= kind->limit)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_LIMIT_REACHED,
                   "%s: one user can have %u of these at a time. Stop an AppVM that has one.", call->verb->method,
                   kind->limit);
      return FALSE;
    }
  if (call->verb->check != NULL)
    {
      bh_caps_use (call->verb->caps);
      good = call->verb->check (call, error);
      bh_caps_use (BH_CAP_NONE);
    }
  return good;
}

/* Of an act that did not come to its end. */
static void
take_back (Pending *pending)
{
  BhDesk *desk = pending->desk;

  leave (desk, pending->call.hold);
  pending->call.hold = NULL;
  undo_leaving (desk);
}

static void
act (Pending *pending)
{
  BhDesk *desk = pending->desk;
  BhCall *call = &pending->call;
  g_autoptr (GError) error = NULL;
  gboolean good = TRUE;

  if (g_cancellable_is_cancelled (pending->cancellable))
    {
      answer_error (pending, BH_ERROR_CANCELLED, "The caller left meanwhile.");
      return;
    }
  if (!check (pending, &error))
    {
      answer (pending, g_steal_pointer (&error));
      return;
    }
  if (call->verb->makes)
    call->hold = bh_ledger_add (desk->ledger, call->verb->kind, call->caller, call->uid);
  if (call->verb->act != NULL)
    {
      bh_caps_use (call->verb->caps);
      good = call->verb->act (call, &error);
      bh_caps_use (BH_CAP_NONE);
    }
  if (good && call->verb->makes)
    {
      call->hold->done = TRUE;
      good = bh_ledger_save (desk->ledger, &error);
    }
  if (!good && call->verb->makes)
    {
      g_clear_pointer (&call->reply, g_variant_unref);
      g_clear_object (&call->fds);
      take_back (pending);
    }
  if (good && call->verb->releases)
    {
      leave (desk, call->hold);
      call->hold = NULL;
      undo_leaving (desk);
    }
  answer (pending, g_steal_pointer (&error));
}

static void
authorized (GObject *source, GAsyncResult *result, gpointer data)
{
  Pending *pending = data;
  g_autoptr (GError) error = NULL;

  if (bh_authority_check_finish (result, &error))
    act (pending);
  else
    answer (pending, g_steal_pointer (&error));
}

static void
got_uid (GObject *source, GAsyncResult *result, gpointer data)
{
  Pending *pending = data;
  BhCall *call = &pending->call;
  const BhVerb *verb = call->verb;
  const char *action = verb->action;
  g_autoptr (GError) error = NULL;
  gboolean ask;

  if (!bh_authority_get_uid_finish (result, &call->uid, &error))
    {
      answer (pending, g_steal_pointer (&error));
      return;
    }
  if (count_pending (pending->desk, call->uid) > MAX_PENDING)
    {
      answer_error (pending, BH_ERROR_LIMIT_REACHED, "Too many questions of yours wait for an answer already.");
      return;
    }
  if (!check (pending, &error))
    {
      answer (pending, g_steal_pointer (&error));
      return;
    }
  if (verb->is_other != NULL && verb->is_other (call->args))
    action = verb->other_action;
  if (action == NULL)
    {
      act (pending);
      return;
    }
  ask = (g_dbus_message_get_flags (g_dbus_method_invocation_get_message (pending->invocation))
         & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
        != 0;
  bh_authority_check_async (call->caller, action, call->details, ask, pending->cancellable,
                            authorized, pending);
}

static void
method_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
             const char *method, GVariant *args, GDBusMethodInvocation *invocation, gpointer data)
{
  BhDesk *desk = data;
  Pending *pending = g_new0 (Pending, 1);

  pending->desk = desk;
  pending->invocation = invocation;
  pending->cancellable = g_cancellable_new ();
  pending->call.verb = bh_verbs_find (method);
  pending->call.ledger = desk->ledger;
  pending->call.args = g_variant_ref (args);
  pending->call.caller = g_strdup (sender);
  pending->call.uid = G_MAXUINT32;
  pending->call.details = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  pending->call.fds = g_unix_fd_list_new ();
  g_ptr_array_add (desk->pending, pending);
  /* GDBus has compared the signature with Helper1.xml. */
  if (!pending->call.verb->makes)
    g_variant_get_child (args, 0, "u", &pending->hold_id);
  g_clear_handle_id (&desk->idle_source, g_source_remove);
  watch (desk, sender);
  bh_authority_get_uid_async (connection, sender, got_uid, pending);
}

static GVariant *
get_property (GDBusConnection *connection, const char *sender, const char *path,
              const char *interface, const char *name, GError **error, gpointer data)
{
  restart_idle (data);
  return g_variant_new_string (BH_VERSION);
}

/* What the process before has left. */

static gboolean
is_on_the_bus (BhDesk *desk, const char *owner)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      desk->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "NameHasOwner", g_variant_new ("(s)", owner), G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE,
      -1, NULL, NULL);
  gboolean has = FALSE;

  if (reply != NULL)
    g_variant_get (reply, "(b)", &has);
  return has;
}

static void
adopt (BhDesk *desk)
{
  GPtrArray *holds = bh_ledger_holds (desk->ledger);
  g_autoptr (GPtrArray) owners = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < holds->len; i++)
    {
      BhHold *hold = holds->pdata[i];

      /* Its owner does not know of what was not done to the end, and will ask again. */
      if (!hold->done || !bh_ledger_is_same_bus (desk->ledger) || !is_on_the_bus (desk, hold->owner))
        leave (desk, hold);
      else
        g_ptr_array_add (owners, g_strdup (hold->owner));
    }
  undo_leaving (desk);
  for (guint i = 0; i < owners->len; i++)
    watch (desk, owners->pdata[i]);
}

static void
routes_changed (gpointer data)
{
  BhDesk *desk = data;

  bh_caps_use (BH_CAP_NET_ADMIN);
  bh_tap_refresh (desk->ledger);
  bh_caps_use (BH_CAP_NONE);
}

BhDesk *
bh_desk_new (GDBusConnection *connection, BhLedger *ledger, guint idle_seconds,
             void (*idle) (gpointer data), gpointer data)
{
  BhDesk *desk = g_new0 (BhDesk, 1);
  g_autoptr (GError) error = NULL;

  desk->connection = g_object_ref (connection);
  desk->ledger = ledger;
  desk->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) pending_free);
  desk->watches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, unwatch);
  desk->leaving = g_hash_table_new (NULL, NULL);
  desk->idle_seconds = idle_seconds;
  desk->idle = idle;
  desk->idle_data = data;
  adopt (desk);
  /* The process before may have been killed between the interface and its rules, or the rules flushed. */
  if (bh_ledger_holds (ledger)->len > 0)
    routes_changed (desk);
  if (!bh_netlink_watch (routes_changed, desk, &error))
    g_warning ("%s; networks joined from now on are not kept from AppVMs", error->message);
  restart_idle (desk);
  return desk;
}

gboolean
bh_desk_open (BhDesk *desk, GError **error)
{
  static const GDBusInterfaceVTable vtable = { method_call, get_property, NULL, { 0 } };

  return g_dbus_connection_register_object (desk->connection, OBJECT_PATH,
                                            bh_dbus_helper1_interface_info (), &vtable, desk, NULL,
                                            error)
         != 0;
}
