/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-sound process and the private D-Bus to it. */
#include "config.h"

#include "bh-sound-link.h"

#include "bh-dbus-sound.h"
#include "bh-child.h"
#include "bh-error.h"
#include "bh-paths.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH "/io/github/bulkhead/Sound"

typedef struct
{
  BhSoundLevelFunc callback;
  gpointer data;
} LevelCall;

struct _BhSoundLink
{
  GObject parent;
  char *id;
  GSubprocess *process;
  GDBusConnection *connection;
  BhDbusSound1 *proxy; /* NULL before it is there */
  /* What to say then. */
  gboolean play, record, muted;
  double volume;
  gboolean say_volume, say_muted;
  char *name, *programs, *icon;
  gboolean closed;
};

G_DEFINE_TYPE (BhSoundLink, bh_sound_link, G_TYPE_OBJECT)

enum
{
  STATE,
  VOLUME,
  GONE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_state (BhDbusSound1 *proxy, gboolean playing, gboolean recording, BhSoundLink *self)
{
  g_signal_emit (self, signals[STATE], 0, playing, recording);
}

static void
on_volume (BhDbusSound1 *proxy, double volume, gboolean muted, BhSoundLink *self)
{
  g_signal_emit (self, signals[VOLUME], 0, volume, muted);
}

static void
on_process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhSoundLink) self = BH_SOUND_LINK (data);

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  if (self->closed)
    return;
  g_message ("%s: bulkhead-sound ended", self->id);
  bh_sound_link_close (self);
  g_signal_emit (self, signals[GONE], 0);
}

static void
say_all (BhSoundLink *self)
{
  bh_dbus_sound1_call_set_identity (self->proxy, self->name, self->programs, self->icon, NULL, NULL,
                                      NULL);
  if (self->say_volume)
    bh_dbus_sound1_call_set_volume (self->proxy, self->volume, NULL, NULL, NULL);
  if (self->say_muted)
    bh_dbus_sound1_call_set_muted (self->proxy, self->muted, NULL, NULL, NULL);
  bh_dbus_sound1_call_set_switches (self->proxy, self->play, self->record, NULL, NULL, NULL);
}

static void
on_connection (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhSoundLink) self = BH_SOUND_LINK (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = bh_child_bus_finish (result, &error);

  if (!connection)
    {
      g_debug ("%s: no bus to bulkhead-sound: %s", self->id, error->message);
      if (!self->closed)
        g_subprocess_force_exit (self->process);
      return;
    }
  if (self->closed)
    {
      g_dbus_connection_close (connection, NULL, NULL, NULL);
      return;
    }
  self->connection = g_steal_pointer (&connection);
  /* No name and no properties to load, so this does not wait for anything. */
  self->proxy = bh_dbus_sound1_proxy_new_sync (
      self->connection, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, PATH, NULL, NULL);
  if (!self->proxy)
    return;
  g_signal_connect_object (self->proxy, "state", G_CALLBACK (on_state), self, 0);
  g_signal_connect_object (self->proxy, "volume", G_CALLBACK (on_volume), self, 0);
  g_dbus_connection_start_message_processing (self->connection);
  say_all (self);
}

/* Takes @bus_fd and @sound_fd. */
static gboolean
spawn (BhSoundLink *self, guint latency_ms, int bus_fd, int sound_fd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = bh_paths_program ("bulkhead-sound");
  g_autofree char *latency = g_strdup_printf ("%u", latency_ms);

  g_subprocess_launcher_unsetenv (launcher, "DBUS_SESSION_BUS_ADDRESS");
  g_subprocess_launcher_take_fd (launcher, bus_fd, 3);
  g_subprocess_launcher_take_fd (launcher, sound_fd, 4);
  self->process = g_subprocess_launcher_spawn (launcher, error, program, "--id", self->id, "--name",
                                               self->name, "--latency", latency, NULL);
  if (!self->process)
    return FALSE;
  g_subprocess_wait_async (self->process, NULL, on_process_ended, g_object_ref (self));
  return TRUE;
}

BhSoundLink *
bh_sound_link_new (const char *id, const char *name, guint latency_ms, int *proxy_fd,
                   GError **error)
{
  g_autoptr (BhSoundLink) self = g_object_new (BH_TYPE_SOUND_LINK, NULL);
  int bus[2], sound[2];

  self->id = g_strdup (id);
  self->name = g_strdup (name);
  self->programs = g_strdup ("");
  self->icon = g_strdup (BH_APP_ID);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bus) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      return NULL;
    }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sound) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      close (bus[0]);
      close (bus[1]);
      return NULL;
    }
  if (!spawn (self, latency_ms, bus[1], sound[1], error))
    {
      close (bus[0]);
      close (sound[0]);
      return NULL;
    }
  bh_child_bus_connect (bus[0], on_connection, g_object_ref (self));
  *proxy_fd = sound[0];
  return g_steal_pointer (&self);
}

void
bh_sound_link_set_switches (BhSoundLink *self, gboolean play, gboolean record)
{
  self->play = play;
  self->record = record;
  if (self->proxy)
    bh_dbus_sound1_call_set_switches (self->proxy, play, record, NULL, NULL, NULL);
}

void
bh_sound_link_set_identity (BhSoundLink *self, const char *name, const char *programs,
                            const char *icon)
{
  g_free (self->name);
  g_free (self->programs);
  g_free (self->icon);
  self->name = g_strdup (name);
  self->programs = g_strdup (programs);
  self->icon = g_strdup (icon);
  if (self->proxy)
    bh_dbus_sound1_call_set_identity (self->proxy, self->name, self->programs, self->icon, NULL, NULL,
                                      NULL);
}

void
bh_sound_link_set_volume (BhSoundLink *self, double volume)
{
  self->volume = volume;
  self->say_volume = TRUE;
  if (self->proxy)
    bh_dbus_sound1_call_set_volume (self->proxy, volume, NULL, NULL, NULL);
}

void
bh_sound_link_set_muted (BhSoundLink *self, gboolean muted)
{
  self->muted = muted;
  self->say_muted = TRUE;
  if (self->proxy)
    bh_dbus_sound1_call_set_muted (self->proxy, muted, NULL, NULL, NULL);
}

static void
on_level (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree LevelCall *call = data;
  double level = 0;

  bh_dbus_sound1_call_get_level_finish (BH_DBUS_SOUND1 (source), &level, result, NULL);
  call->callback (level, call->data);
}

void
bh_sound_link_get_level (BhSoundLink *self, BhSoundLevelFunc callback, gpointer data)
{
  LevelCall *call;

  if (!self->proxy)
    {
      callback (0, data);
      return;
    }
  call = g_new (LevelCall, 1);
  *call = (LevelCall){ callback, data };
  bh_dbus_sound1_call_get_level (self->proxy, NULL, on_level, call);
}

void
bh_sound_link_close (BhSoundLink *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  if (self->proxy)
    g_signal_handlers_disconnect_by_data (self->proxy, self);
  if (self->connection)
    g_dbus_connection_close (self->connection, NULL, NULL, NULL);
  if (self->process)
    bh_child_end (self->process);
}

static void
bh_sound_link_finalize (GObject *object)
{
  BhSoundLink *self = BH_SOUND_LINK (object);

  bh_sound_link_close (self);
  g_clear_object (&self->proxy);
  g_clear_object (&self->connection);
  g_clear_object (&self->process);
  g_free (self->id);
  g_free (self->name);
  g_free (self->programs);
  g_free (self->icon);
  G_OBJECT_CLASS (bh_sound_link_parent_class)->finalize (object);
}

static void
bh_sound_link_class_init (BhSoundLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_sound_link_finalize;
  signals[STATE] = g_signal_new ("state", BH_TYPE_SOUND_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 2, G_TYPE_BOOLEAN, G_TYPE_BOOLEAN);
  signals[VOLUME] = g_signal_new ("volume", BH_TYPE_SOUND_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
  signals[GONE] =
      g_signal_new ("gone", BH_TYPE_SOUND_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bh_sound_link_init (BhSoundLink *self)
{
  self->volume = 1;
}
