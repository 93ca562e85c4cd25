/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A notification of the desktop's (Desktop Notifications Specification 1.2). */
#include "config.h"

#include "bh-note.h"

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"

struct _BhNote
{
  GObject parent;
  GDBusConnection *connection;
  guint subscription;
  guint32 id;       /* 0: the desktop shows none */
  gboolean calling; /* its id is under way */
  gboolean shown;   /* as wanted */
  gboolean newer;   /* than what is under way */
  char *title, *body;
  char **actions;
  gboolean question;
};

G_DEFINE_TYPE (BhNote, bh_note, G_TYPE_OBJECT)

enum
{
  CHOSEN,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path,
           const char *interface, const char *name, GVariant *parameters, gpointer data)
{
  g_autoptr (BhNote) self = g_object_ref (BH_NOTE (data));
  const char *key;
  guint32 id, reason;

  if (g_str_equal (name, "ActionInvoked")
      && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(us)")))
    {
      g_variant_get (parameters, "(u&s)", &id, &key);
      if (id == self->id && id != 0)
        g_signal_emit (self, signals[CHOSEN], 0, key);
    }
  else if (g_str_equal (name, "NotificationClosed")
           && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(uu)")))
    {
      g_variant_get (parameters, "(uu)", &id, &reason);
      if (id == self->id)
        self->id = 0;
    }
}

static void
close_now (BhNote *self)
{
  if (self->id == 0)
    return;
  g_dbus_connection_call (self->connection, NAME, PATH, NAME, "CloseNotification",
                          g_variant_new ("(u)", self->id), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          NULL, NULL, NULL);
  self->id = 0;
}

static void notify (BhNote *self);

static void
on_shown (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNote) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  self->calling = FALSE;
  if (reply)
    g_variant_get (reply, "(u)", &self->id);
  else
    g_debug ("The desktop shows no notification: %s", error->message);
  if (!self->shown)
    close_now (self);
  else if (self->newer)
    notify (self);
}

static void
notify (BhNote *self)
{
  GVariantDict hints;

  g_variant_dict_init (&hints, NULL);
  g_variant_dict_insert (&hints, "desktop-entry", "s", BH_APP_ID);
  g_variant_dict_insert (&hints, "category", "s", "device");
  g_variant_dict_insert (&hints, "urgency", "y", self->question ? 2 : 1);
  self->calling = TRUE;
  self->newer = FALSE;
  g_dbus_connection_call (self->connection, NAME, PATH, NAME, "Notify",
                          g_variant_new ("(susss^as@a{sv}i)", "Bulkhead", self->id, BH_APP_ID,
                                         self->title, self->body, self->actions,
                                         g_variant_dict_end (&hints), self->question ? 0 : -1),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_shown,
                          g_object_ref (self));
}

void
bh_note_show (BhNote *self, const char *title, const char *body, const char *const *actions,
              gboolean question)
{
  static const char *const none[] = { NULL };

  g_free (self->title);
  g_free (self->body);
  g_strfreev (self->actions);
  self->title = g_strdup (title);
  /* The specification lets bodies have markup. */
  self->body = g_markup_escape_text (body, -1);
  self->actions = g_strdupv ((char **) (actions ? actions : none));
  self->question = question;
  self->shown = TRUE;
  self->newer = TRUE;
  if (self->connection && !self->calling)
    notify (self);
}

void
bh_note_withdraw (BhNote *self)
{
  self->shown = FALSE;
  if (!self->calling)
    close_now (self);
}

static void
bh_note_finalize (GObject *object)
{
  BhNote *self = BH_NOTE (object);

  if (self->subscription)
    g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  if (self->connection)
    close_now (self);
  g_clear_object (&self->connection);
  g_free (self->title);
  g_free (self->body);
  g_strfreev (self->actions);
  G_OBJECT_CLASS (bh_note_parent_class)->finalize (object);
}

static void
bh_note_class_init (BhNoteClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_note_finalize;
  signals[CHOSEN] = g_signal_new ("chosen", BH_TYPE_NOTE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bh_note_init (BhNote *self)
{
  self->connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL); /* ours, long open */
  if (self->connection)
    self->subscription = g_dbus_connection_signal_subscribe (self->connection, NAME, NAME, NULL, PATH, NULL,
                                                             G_DBUS_SIGNAL_FLAGS_NONE, on_signal,
                                                             self, NULL);
}

BhNote *
bh_note_new (void)
{
  return g_object_new (BH_TYPE_NOTE, NULL);
}
