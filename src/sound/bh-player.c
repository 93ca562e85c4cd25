/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the AppVM plays.
 *
 * Theory of operation: the server says how much it wants (pa_stream_writable_size); that much, less what was
 * granted and has not come, is granted to the guest as room. So the guest's clock is the sink's. A little more
 * is granted than is wanted, since the guest sends whole cycles; that is kept here until the server wants it.
 * When the server's buffer runs dry while the guest plays, it is made longer. */
#include "config.h"

#include "bh-sound.h"

#include <string.h>

/* A cycle of the guest's graph (1024 frames; PipeWire may double it). */
#define SLACK (2048 * BH_SOUND_FRAME)
#define GRANT_LEAST 960 /* 5 ms: less is not worth a message */
#define LATENCY_MOST_MS 300
/* A program that stops and starts again at once keeps its stream; and storms of both cost nothing. */
#define LINGER_MS 1000
/* Never more than this in the server's buffer, whatever is sent. */
#define BUFFER_MOST BH_SOUND_SECOND
#define KEPT_MOST (4 * SLACK)

struct _BhPlayer
{
  BhSound *sound;
  pa_stream *stream;
  gboolean wanted;
  guint32 outstanding; /* granted and not come */
  guint8 kept[KEPT_MOST];
  guint32 n_kept;
  guint latency_ms, linger;
  gint peak; /* since it was asked for */
};

static guint32
latency_bytes (BhPlayer *player)
{
  return player->latency_ms * (BH_SOUND_SECOND / 1000);
}

static gboolean
is_ready (BhPlayer *player)
{
  return player->stream && pa_stream_get_state (player->stream) == PA_STREAM_READY;
}

static void
grant (BhPlayer *player)
{
  size_t writable, due;
  bh_msg_sound_room room;

  if (!is_ready (player) || !player->wanted)
    return;
  writable = pa_stream_writable_size (player->stream);
  if (writable == (size_t) -1)
    return;
  writable = MIN (writable, BUFFER_MOST) + SLACK;
  due = player->outstanding + player->n_kept;
  if (writable < due + GRANT_LEAST)
    return;
  room.bytes = (guint32) MIN (writable - due, (size_t) BH_SOUND_SECOND);
  room.bytes -= room.bytes % BH_SOUND_FRAME;
  player->outstanding += room.bytes;
  bh_sound_send (player->sound, BH_MSG_SOUND_ROOM, &room);
}

/* Give the server what it wants of what is kept. */
static void
feed (BhPlayer *player)
{
  size_t size = pa_stream_writable_size (player->stream);

  if (size == (size_t) -1)
    return;
  size = MIN (size, player->n_kept) / BH_SOUND_FRAME * BH_SOUND_FRAME;
  if (size == 0
      || pa_stream_write (player->stream, player->kept, size, NULL, 0, PA_SEEK_RELATIVE) < 0)
    return;
  player->n_kept -= (guint32) size;
  memmove (player->kept, player->kept + size, player->n_kept);
}

static void
wants_more (pa_stream *stream, size_t bytes, void *data)
{
  feed (data);
  grant (data);
}

static pa_buffer_attr
buffer_attr (BhPlayer *player)
{
  return (pa_buffer_attr){
    .maxlength = BUFFER_MOST,
    .tlength = latency_bytes (player),
    .prebuf = latency_bytes (player) / 2,
    .minreq = latency_bytes (player) / 4 / BH_SOUND_FRAME * BH_SOUND_FRAME,
    .fragsize = (guint32) -1,
  };
}

static void
ran_dry (pa_stream *stream, void *data)
{
  BhPlayer *player = data;
  pa_buffer_attr attr;
  pa_operation *operation;

  if (!player->wanted || player->latency_ms >= LATENCY_MOST_MS)
    return;
  player->latency_ms = MIN (player->latency_ms * 3 / 2, LATENCY_MOST_MS);
  g_message ("sound came too late: %u ms are kept from now on", player->latency_ms);
  attr = buffer_attr (player);
  operation = pa_stream_set_buffer_attr (stream, &attr, NULL, NULL);
  if (operation)
    pa_operation_unref (operation);
}

static void
drop (BhPlayer *player)
{
  g_clear_handle_id (&player->linger, g_source_remove);
  player->outstanding = player->n_kept = 0;
  if (!player->stream)
    return;
  pa_stream_set_state_callback (player->stream, NULL, NULL);
  pa_stream_set_write_callback (player->stream, NULL, NULL);
  pa_stream_set_underflow_callback (player->stream, NULL, NULL);
  pa_stream_disconnect (player->stream);
  g_clear_pointer (&player->stream, pa_stream_unref);
  bh_sound_state_changed (player->sound);
}

static gboolean
drop_later (gpointer data)
{
  BhPlayer *player = data;

  player->linger = 0;
  drop (player);
  if (player->wanted)
    bh_player_update (player);
  return G_SOURCE_REMOVE;
}

static void
state_changed (pa_stream *stream, void *data)
{
  BhPlayer *player = data;

  switch (pa_stream_get_state (stream))
    {
    case PA_STREAM_READY:
      bh_sound_state_changed (player->sound);
      bh_volume_look (player->sound->volume);
      grant (player);
      break;
    case PA_STREAM_FAILED:
    case PA_STREAM_TERMINATED:
      /* No sink, or somebody has closed it in the mixer. */
      g_message ("the stream has ended: %s",
                 pa_strerror (pa_context_errno (pa_stream_get_context (stream))));
      if (!player->linger)
        player->linger = g_timeout_add (LINGER_MS, drop_later, player);
      break;
    case PA_STREAM_UNCONNECTED:
    case PA_STREAM_CREATING:
    default:
      break;
    }
}

static void
open_stream (BhPlayer *player, pa_context *context)
{
  static const pa_sample_spec spec = { PA_SAMPLE_S16LE, BH_SOUND_RATE, 2 };
  pa_proplist *properties = bh_server_stream_properties (player->sound);
  pa_buffer_attr attr = buffer_attr (player);
  pa_stream_flags_t flags = PA_STREAM_ADJUST_LATENCY | PA_STREAM_AUTO_TIMING_UPDATE;
  const pa_cvolume *volume;
  gboolean muted;

  player->stream = pa_stream_new_with_proplist (context, NULL, &spec, NULL,
                                                properties);
  pa_proplist_free (properties);
  if (!player->stream)
    return;
  pa_stream_set_state_callback (player->stream, state_changed, player);
  pa_stream_set_write_callback (player->stream, wants_more, player);
  pa_stream_set_underflow_callback (player->stream, ran_dry, player);
  volume = bh_volume_initial (player->sound->volume, &muted);
  if (muted)
    flags |= PA_STREAM_START_MUTED;
  if (pa_stream_connect_playback (player->stream, NULL, &attr, flags, volume, NULL) < 0)
    drop (player);
}

void
bh_player_update (BhPlayer *player)
{
  pa_context *context = bh_server_get (player->sound->server);

  if (!player->sound->play_allowed)
    drop (player);
  else if (player->wanted && !player->stream && context)
    open_stream (player, context);
}

void
bh_player_lost (BhPlayer *player)
{
  drop (player);
}

void
bh_player_want (BhPlayer *player, gboolean on)
{
  player->wanted = on;
  /* A guest that says so has no room left. */
  player->outstanding = 0;
  if (!on)
    {
      if (player->stream && !player->linger)
        player->linger = g_timeout_add (LINGER_MS, drop_later, player);
      return;
    }
  if (is_ready (player))
    g_clear_handle_id (&player->linger, g_source_remove);
  bh_player_update (player);
  grant (player);
}

static void
note_peak (BhPlayer *player, const BhBytes *data)
{
  gint16 sample;

  for (guint32 i = 0; i + sizeof sample <= data->len; i += sizeof sample)
    {
      memcpy (&sample, data->data + i, sizeof sample);
      player->peak = MAX (player->peak, ABS ((gint) GINT16_FROM_LE (sample)));
    }
}

void
bh_player_data (BhPlayer *player, const BhBytes *data)
{
  player->outstanding -= MIN (player->outstanding, data->len);
  if (!is_ready (player) || !player->wanted)
    return;
  note_peak (player, data);
  if (data->len <= KEPT_MOST - player->n_kept)
    {
      memcpy (player->kept + player->n_kept, data->data, data->len);
      player->n_kept += data->len;
    }
  feed (player);
  grant (player);
}

pa_stream *
bh_player_get_stream (BhPlayer *player)
{
  return player->stream;
}

double
bh_player_take_level (BhPlayer *player)
{
  double level = player->peak / 32768.0;

  player->peak = 0;
  return level;
}

BhPlayer *
bh_player_new (BhSound *sound)
{
  BhPlayer *player = g_new0 (BhPlayer, 1);

  player->sound = sound;
  player->latency_ms = sound->latency_ms;
  return player;
}

void
bh_player_free (BhPlayer *player)
{
  drop (player);
  g_free (player);
}
