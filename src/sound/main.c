/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-sound: plays and records for one AppVM.
 *
 * Started by bulkhead-service when the AppVM first wants sound, with fd 3 the D-Bus socket to it and fd 4 a
 * socket to the proxy with the sound messages of bh-messages.h. It is apart from the proxy because it connects
 * to the sound server whenever that is started anew, while the proxy may open nothing. Of the guest it sees
 * samples only, in messages that the proxy wrote. Ends with either socket. */
#include "config.h"

#include "bh-sound.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "bh-dbus-sound.h"
#include "bh-error.h"
#include "bh-text.h"

#define PATH "/io/github/bulkhead/Sound"
#define FD_SERVICE 3
#define FD_PROXY 4
#define MAX_NAME_CHARS 64
#define LATE (BH_SOUND_SECOND / 2)

typedef struct
{
  BhSound sound;
  BhChannel *channel;
  guint source;
  GDBusConnection *connection;
  BhDbusSound1 *skeleton;
  gboolean playing, recording; /* last told */
} Program;

static void watch (Program *self);

static void
quit (Program *self, const char *why)
{
  g_debug ("ends: %s", why);
  g_main_loop_quit (self->sound.loop);
}

static void
handle (Program *self, const BhMessage *msg)
{
  switch (msg->type)
    {
    case BH_MSG_SOUND_PLAY:
      bh_player_want (self->sound.player, msg->sound_play.on != 0);
      break;
    case BH_MSG_SOUND_DATA:
      bh_player_data (self->sound.player, &msg->sound_data.data);
      break;
    case BH_MSG_SOUND_RECORD:
      bh_recorder_want (self->sound.recorder, msg->sound_record.on != 0);
      break;
    default:
      break;
    }
}

static gboolean
channel_ready (int fd, GIOCondition condition, gpointer data)
{
  Program *self = data;
  BhWireStatus status = BH_WIRE_AGAIN;
  BhMessage msg;

  self->source = 0;
  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    {
      status = bh_channel_receive (self->channel);
      if (status == BH_WIRE_OK)
        while ((status = bh_channel_next (self->channel, &msg)) == BH_WIRE_OK)
          handle (self, &msg);
    }
  if (status != BH_WIRE_AGAIN)
    quit (self, bh_wire_status_name (status));
  else
    watch (self);
  return G_SOURCE_REMOVE;
}

static void
watch (Program *self)
{
  GIOCondition condition = G_IO_IN;

  if (bh_channel_flush (self->channel) != BH_WIRE_OK)
    {
      quit (self, "the proxy has gone");
      return;
    }
  if (bh_channel_wants_write (self->channel))
    condition |= G_IO_OUT;
  g_clear_handle_id (&self->source, g_source_remove);
  self->source = g_unix_fd_add (FD_PROXY, condition, channel_ready, self);
}

void
bh_sound_send (BhSound *sound, BhMessageType type, const void *msg)
{
  Program *self = (Program *) sound;

  /* Recorded sound that waits is late. */
  if (type == BH_MSG_SOUND_CAPTURED
      && bh_channel_get_queued (self->channel, BH_STREAM_SOUND) > LATE)
    return;
  bh_channel_send (self->channel, type, msg);
  watch (self);
}

void
bh_sound_state_changed (BhSound *sound)
{
  Program *self = (Program *) sound;
  pa_stream *stream = sound->player ? bh_player_get_stream (sound->player) : NULL;
  gboolean playing = stream && pa_stream_get_state (stream) == PA_STREAM_READY;
  gboolean recording = sound->recorder && bh_recorder_is_open (sound->recorder);

  if (playing == self->playing && recording == self->recording)
    return;
  self->playing = playing;
  self->recording = recording;
  bh_dbus_sound1_emit_state (self->skeleton, playing, recording);
}

void
bh_sound_volume_changed (BhSound *sound, double volume, gboolean muted)
{
  bh_dbus_sound1_emit_volume (((Program *) sound)->skeleton, volume, muted);
}

static gboolean
handle_set_identity (BhDbusSound1 *object, GDBusMethodInvocation *invocation, const char *name,
                     const char *programs, const char *icon, Program *self)
{
  BhSound *sound = &self->sound;

  g_free (sound->name);
  g_free (sound->programs);
  sound->name = bh_text_clean (name, strlen (name), MAX_NAME_CHARS);
  sound->programs = bh_text_clean (programs, strlen (programs), MAX_NAME_CHARS * 2);
  g_free (sound->icon);
  sound->icon = g_strdup (icon);
  bh_server_rename (sound->server);
  bh_dbus_sound1_complete_set_identity (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_set_switches (BhDbusSound1 *object, GDBusMethodInvocation *invocation, gboolean play,
                     gboolean record, Program *self)
{
  self->sound.play_allowed = play;
  self->sound.record_allowed = record;
  bh_player_update (self->sound.player);
  bh_recorder_update (self->sound.recorder);
  bh_dbus_sound1_complete_set_switches (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_set_volume (BhDbusSound1 *object, GDBusMethodInvocation *invocation, double volume,
                   Program *self)
{
  if (!(volume >= 0 && volume <= 1))
    {
      g_dbus_method_invocation_return_error_literal (g_steal_pointer (&invocation), BH_ERROR,
                                                     BH_ERROR_INVALID_ARGUMENT,
                                                     "A volume is from 0 to 1");
      return TRUE;
    }
  bh_volume_set (self->sound.volume, volume);
  bh_dbus_sound1_complete_set_volume (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_set_muted (BhDbusSound1 *object, GDBusMethodInvocation *invocation, gboolean muted,
                  Program *self)
{
  bh_volume_set_muted (self->sound.volume, muted);
  bh_dbus_sound1_complete_set_muted (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_get_level (BhDbusSound1 *object, GDBusMethodInvocation *invocation, Program *self)
{
  bh_dbus_sound1_complete_get_level (object, g_steal_pointer (&invocation),
                                     bh_player_take_level (self->sound.player));
  return TRUE;
}

static void
connection_closed (GDBusConnection *connection, gboolean remote, GError *error, Program *self)
{
  quit (self, "the service has gone");
}

static gboolean
connect_service (Program *self, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (FD_SERVICE, error);
  g_autoptr (GSocketConnection) stream = NULL;

  if (!socket)
    return FALSE;
  stream = g_socket_connection_factory_create_connection (socket);
  self->connection =
      g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                  G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                      | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                  NULL, NULL, error);
  if (!self->connection)
    return FALSE;
  self->skeleton = bh_dbus_sound1_skeleton_new ();
  g_signal_connect (self->skeleton, "handle-set-identity", G_CALLBACK (handle_set_identity), self);
  g_signal_connect (self->skeleton, "handle-set-switches", G_CALLBACK (handle_set_switches), self);
  g_signal_connect (self->skeleton, "handle-set-volume", G_CALLBACK (handle_set_volume), self);
  g_signal_connect (self->skeleton, "handle-set-muted", G_CALLBACK (handle_set_muted), self);
  g_signal_connect (self->skeleton, "handle-get-level", G_CALLBACK (handle_get_level), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (connection_closed), self);
  return g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton),
                                           self->connection, PATH, error);
}

static void
tear_down (Program *self)
{
  BhSound *sound = &self->sound;

  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_pointer (&sound->server, bh_server_free);
  g_clear_pointer (&sound->recorder, bh_recorder_free);
  g_clear_pointer (&sound->player, bh_player_free);
  g_clear_pointer (&sound->volume, bh_volume_free);
  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_pointer (&self->channel, bh_channel_free);
  g_clear_object (&self->skeleton);
  g_clear_object (&self->connection);
  g_main_loop_unref (sound->loop);
  g_free (sound->id);
  g_free (sound->name);
  g_free (sound->programs);
  g_free (sound->icon);
}

int
main (int argc, char **argv)
{
  Program self = { 0 };
  BhSound *sound = &self.sound;
  int latency = 60;
  const GOptionEntry entries[] = {
    { "id", 0, 0, G_OPTION_ARG_STRING, &sound->id, "Id of the AppVM", "ID" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &sound->name, "Its name, for the mixer", "NAME" },
    { "latency", 0, 0, G_OPTION_ARG_INT, &latency, "How much sound to keep at first", "MS" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- sound of one AppVM");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  g_setenv ("GIO_MODULE_DIR", "/nonexistent", TRUE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || !sound->id || !sound->name
      || latency < 10 || latency > 300 || fcntl (FD_SERVICE, F_SETFD, FD_CLOEXEC) < 0
      || fcntl (FD_PROXY, F_SETFD, FD_CLOEXEC) < 0)
    {
      g_printerr ("bulkhead-sound: %s\n",
                  error ? error->message : "started by bulkhead-service, with sockets as "
                                           "descriptors 3 and 4, --id and --name");
      return EXIT_FAILURE;
    }
  /* While there is one thread: what others do is not restricted with it. */
  bh_sound_confine ();
  sound->programs = g_strdup ("");
  sound->icon = g_strdup (BH_APP_ID);
  sound->latency_ms = (guint) latency;
  sound->loop = g_main_loop_new (NULL, FALSE);
  if (!connect_service (&self, &error))
    {
      g_printerr ("bulkhead-sound: %s\n", error->message);
      return EXIT_FAILURE;
    }
  sound->volume = bh_volume_new (sound);
  sound->player = bh_player_new (sound);
  sound->recorder = bh_recorder_new (sound);
  self.channel = bh_channel_new (FD_PROXY, BH_SIDE_HOST);
  if (!self.channel)
    g_error ("no memory for a channel");
  sound->server = bh_server_new (sound);
  g_dbus_connection_start_message_processing (self.connection);
  watch (&self);
  g_main_loop_run (sound->loop);
  tear_down (&self);
  return EXIT_SUCCESS;
}
