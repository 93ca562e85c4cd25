/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the AppVM records: a stream that is open only while a program in the guest records and the user
 * allows it. */
#include "config.h"

#include "bh-sound.h"

#define FRAGMENT (BH_SOUND_SECOND / 50) /* 20 ms */

struct _BhRecorder
{
  BhSound *sound;
  pa_stream *stream;
  gboolean wanted;
  guint later;
};

static void
drop (BhRecorder *recorder)
{
  g_clear_handle_id (&recorder->later, g_source_remove);
  if (!recorder->stream)
    return;
  pa_stream_set_state_callback (recorder->stream, NULL, NULL);
  pa_stream_set_read_callback (recorder->stream, NULL, NULL);
  pa_stream_disconnect (recorder->stream);
  g_clear_pointer (&recorder->stream, pa_stream_unref);
  bh_sound_state_changed (recorder->sound);
}

static gboolean
drop_later (gpointer data)
{
  BhRecorder *recorder = data;

  recorder->later = 0;
  drop (recorder);
  return G_SOURCE_REMOVE;
}

static void
state_changed (pa_stream *stream, void *data)
{
  BhRecorder *recorder = data;
  pa_stream_state_t state = pa_stream_get_state (stream);

  if (state == PA_STREAM_READY)
    bh_sound_state_changed (recorder->sound);
  else if (state == PA_STREAM_FAILED || state == PA_STREAM_TERMINATED)
    {
      g_message ("the recording has ended: %s",
                 pa_strerror (pa_context_errno (pa_stream_get_context (stream))));
      if (!recorder->later)
        recorder->later = g_idle_add (drop_later, recorder);
    }
}

static void
came (pa_stream *stream, size_t bytes, void *user_data)
{
  BhRecorder *recorder = user_data;
  const guint8 *data;
  size_t size;

  while (pa_stream_peek (stream, (const void **) &data, &size) >= 0 && size > 0)
    {
      /* Without data it is a hole; silence is what comes of it in the guest. */
      for (size_t at = 0; data && at + BH_SOUND_FRAME <= size;)
        {
          guint32 length = (guint32) MIN (size - at, (size_t) BH_MAX_SOUND_BYTES);
          bh_msg_sound_captured msg;

          length -= length % BH_SOUND_FRAME;
          msg.data = (BhBytes){ data + at, length };
          bh_sound_send (recorder->sound, BH_MSG_SOUND_CAPTURED, &msg);
          at += length;
        }
      pa_stream_drop (stream);
    }
}

static void
open_stream (BhRecorder *recorder, pa_context *context)
{
  static const pa_sample_spec spec = { PA_SAMPLE_S16LE, BH_SOUND_RATE, 2 };
  pa_proplist *properties = bh_server_stream_properties (recorder->sound);
  const pa_buffer_attr attr = {
    .maxlength = BH_SOUND_SECOND,
    .tlength = (guint32) -1,
    .prebuf = (guint32) -1,
    .minreq = (guint32) -1,
    .fragsize = FRAGMENT,
  };

  recorder->stream = pa_stream_new_with_proplist (context, NULL, &spec, NULL,
                                                  properties);
  pa_proplist_free (properties);
  if (!recorder->stream)
    return;
  pa_stream_set_state_callback (recorder->stream, state_changed, recorder);
  pa_stream_set_read_callback (recorder->stream, came, recorder);
  if (pa_stream_connect_record (recorder->stream, NULL, &attr, PA_STREAM_ADJUST_LATENCY) < 0)
    drop (recorder);
}

void
bh_recorder_update (BhRecorder *recorder)
{
  pa_context *context = bh_server_get (recorder->sound->server);

  if (!recorder->sound->record_allowed || !recorder->wanted)
    drop (recorder);
  else if (!recorder->stream && context)
    open_stream (recorder, context);
}

void
bh_recorder_want (BhRecorder *recorder, gboolean on)
{
  recorder->wanted = on;
  bh_recorder_update (recorder);
}

void
bh_recorder_lost (BhRecorder *recorder)
{
  drop (recorder);
}

gboolean
bh_recorder_is_open (BhRecorder *recorder)
{
  return recorder->stream && pa_stream_get_state (recorder->stream) == PA_STREAM_READY;
}

BhRecorder *
bh_recorder_new (BhSound *sound)
{
  BhRecorder *recorder = g_new0 (BhRecorder, 1);

  recorder->sound = sound;
  return recorder;
}

void
bh_recorder_free (BhRecorder *recorder)
{
  drop (recorder);
  g_free (recorder);
}
