/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sink that programs in the guest play to.
 *
 * Theory of operation: while something plays, the host grants room as its own sink takes sound (sound_room).
 * With room for a whole cycle one is started; what comes out of it is sent. Where no room comes, because the
 * user has switched sound off or the host has no sink, programs must not hang: after a while cycles run by
 * this computer's clock, and what comes out is dropped. */
#include "bh-pacer.h"

#include <spa/param/audio/format-utils.h>

/* A sink that asks for nothing for this long does not play. */
#define PATIENCE_NS (500 * SPA_NSEC_PER_MSEC)
/* One that is asked for the first time may have to start bulkhead-sound, on a busy computer. */
#define FIRST_PATIENCE_NS (3 * SPA_NSEC_PER_SEC)

struct _BhSpeaker
{
  BhPacer pacer;
  struct spa_hook listener;
  struct spa_source *timer;
  bool on, playing;
  bool dropping; /* by our own clock, for nobody */
  uint32_t room;
};

static uint32_t
cycle_bytes (BhSpeaker *speaker)
{
  return bh_pacer_quantum (&speaker->pacer) * BH_SOUND_FRAME;
}

/* Start the next cycle when it is due, and see to being called again. */
static void
go_on (BhSpeaker *speaker)
{
  BhPacer *pacer = &speaker->pacer;

  if (!speaker->playing)
    {
      bh_pacer_arm (pacer, speaker->timer, 0);
      return;
    }
  if (speaker->on && speaker->room >= cycle_bytes (speaker))
    {
      speaker->dropping = false;
      bh_pacer_start (pacer);
      bh_pacer_arm (pacer, speaker->timer, PATIENCE_NS);
    }
}

static void
expired (void *data, uint64_t expirations)
{
  BhSpeaker *speaker = data;
  uint64_t ns = (uint64_t) bh_pacer_quantum (&speaker->pacer) * SPA_NSEC_PER_SEC / BH_SOUND_RATE;

  if (!speaker->playing)
    return;
  if (speaker->on && speaker->room >= cycle_bytes (speaker))
    {
      go_on (speaker); /* a cycle was lost */
      return;
    }
  speaker->dropping = true;
  bh_pacer_start (&speaker->pacer);
  bh_pacer_arm (&speaker->pacer, speaker->timer, ns);
}

void
bh_speaker_announce (BhSpeaker *speaker)
{
  bh_msg_sound_play play = { .on = speaker->playing };
  uint64_t patience = speaker->on ? FIRST_PATIENCE_NS : PATIENCE_NS;

  speaker->room = 0;
  if (!speaker->pacer.media->ready)
    return;
  bh_media_send (speaker->pacer.media, BH_MSG_SOUND_PLAY, &play);
  bh_pacer_arm (&speaker->pacer, speaker->timer, speaker->playing ? patience : 0);
}

static void
state_changed (void *data, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
  BhSpeaker *speaker = data;
  bool playing = state == PW_STREAM_STATE_STREAMING;

  if (playing == speaker->playing)
    return;
  speaker->playing = playing;
  speaker->dropping = false;
  speaker->pacer.pending = false;
  bh_speaker_announce (speaker);
}

static void
send_sound (BhSpeaker *speaker, const uint8_t *data, uint32_t size)
{
  size = SPA_MIN (size, speaker->room) / BH_SOUND_FRAME * BH_SOUND_FRAME;
  while (size > 0)
    {
      uint32_t length = SPA_MIN (size, (uint32_t) BH_MAX_SOUND_BYTES);
      bh_msg_sound_data message = { .data = { data, length } };

      bh_media_send (speaker->pacer.media, BH_MSG_SOUND_DATA, &message);
      speaker->room -= length;
      data += length;
      size -= length;
    }
}

static void
process (void *data)
{
  BhSpeaker *speaker = data;
  struct pw_buffer *buffer;

  if (speaker->pacer.starting)
    return;
  bh_pacer_done (&speaker->pacer);
  while ((buffer = pw_stream_dequeue_buffer (speaker->pacer.stream)))
    {
      struct spa_data *d = &buffer->buffer->datas[0];
      uint32_t offset = SPA_MIN (d->chunk->offset, d->maxsize);
      uint32_t size = SPA_MIN (d->chunk->size, d->maxsize - offset);

      if (d->data && speaker->on && !speaker->dropping)
        send_sound (speaker, SPA_PTROFF (d->data, offset, uint8_t), size);
      pw_stream_queue_buffer (speaker->pacer.stream, buffer);
    }
  go_on (speaker);
}

static void
io_changed (void *data, uint32_t id, void *area, uint32_t size)
{
  bh_pacer_io_changed (&((BhSpeaker *) data)->pacer, id, area);
}

static const struct pw_stream_events events = {
  PW_VERSION_STREAM_EVENTS,
  .state_changed = state_changed,
  .io_changed = io_changed,
  .process = process,
};

void
bh_speaker_switch (BhSpeaker *speaker, bool on)
{
  speaker->on = on;
  bh_speaker_announce (speaker);
}

void
bh_speaker_add_room (BhSpeaker *speaker, uint32_t bytes)
{
  /* After a stop the rest is void. */
  if (!speaker->playing || !speaker->on)
    return;
  speaker->room = SPA_MIN (speaker->room + bytes, (uint32_t) BH_SOUND_SECOND);
  go_on (speaker);
}

BhSpeaker *
bh_speaker_new (BhMedia *media)
{
  BhSpeaker *speaker = calloc (1, sizeof *speaker);
  uint8_t buffer[1024];
  const struct spa_pod *params[1] = { bh_media_format (buffer, sizeof buffer) };
  struct pw_properties *properties;

  if (!speaker)
    return NULL;
  speaker->pacer.media = media;
  speaker->timer = pw_loop_add_timer (pw_main_loop_get_loop (media->loop), expired, speaker);
  properties = pw_properties_new (
      PW_KEY_MEDIA_CLASS, "Audio/Sink", PW_KEY_NODE_NAME, BH_SPEAKER_NODE, PW_KEY_NODE_DESCRIPTION,
      "This computer", PW_KEY_NODE_VIRTUAL, "true", "priority.session", "100000", PW_KEY_PRIORITY_DRIVER,
      "30000", PW_KEY_NODE_MAX_LATENCY, "1024/48000", NULL);
  speaker->pacer.stream = pw_stream_new (media->core, BH_SPEAKER_NODE, properties);
  if (!speaker->pacer.stream)
    {
      free (speaker);
      return NULL;
    }
  pw_stream_add_listener (speaker->pacer.stream, &speaker->listener, &events, speaker);
  pw_stream_connect (speaker->pacer.stream, PW_DIRECTION_INPUT, PW_ID_ANY,
                     PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_DRIVER, params, 1);
  return speaker;
}

void
bh_speaker_free (BhSpeaker *speaker)
{
  spa_hook_remove (&speaker->listener);
  pw_stream_destroy (speaker->pacer.stream);
  pw_loop_destroy_source (pw_main_loop_get_loop (speaker->pacer.media->loop), speaker->timer);
  free (speaker);
}
