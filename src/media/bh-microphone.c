/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The source that programs in the guest record from.
 *
 * What the host sends is kept in a small ring; a cycle is started when it holds enough for one. Where
 * nothing comes, because the microphone is off or has been cut, cycles run by this computer's clock, and
 * programs record silence. */
#include "bh-pacer.h"

#include <spa/param/audio/format-utils.h>

#define RING (BH_SOUND_SECOND / 4)
#define PATIENCE_NS (200 * SPA_NSEC_PER_MSEC)

struct _BhMicrophone
{
  BhPacer pacer;
  struct spa_hook listener;
  struct spa_source *timer;
  bool on, recording;
  bool silent; /* by our own clock */
  uint8_t ring[RING];
  uint32_t start, length;
};

static void
go_on (BhMicrophone *microphone)
{
  if (!microphone->recording
      || microphone->length < bh_pacer_quantum (&microphone->pacer) * BH_SOUND_FRAME)
    return;
  microphone->silent = false;
  bh_pacer_start (&microphone->pacer);
  bh_pacer_arm (&microphone->pacer, microphone->timer, PATIENCE_NS);
}

static void
expired (void *data, uint64_t expirations)
{
  BhMicrophone *microphone = data;
  uint64_t ns =
      (uint64_t) bh_pacer_quantum (&microphone->pacer) * SPA_NSEC_PER_SEC / BH_SOUND_RATE;

  if (!microphone->recording)
    return;
  microphone->silent = true;
  bh_pacer_start (&microphone->pacer);
  bh_pacer_arm (&microphone->pacer, microphone->timer, ns);
}

void
bh_microphone_announce (BhMicrophone *microphone)
{
  bh_msg_sound_record record = { .on = microphone->recording };

  microphone->start = microphone->length = 0;
  if (!microphone->pacer.stream || !microphone->pacer.media->ready)
    return;
  bh_media_send (microphone->pacer.media, BH_MSG_SOUND_RECORD, &record);
  bh_pacer_arm (&microphone->pacer, microphone->timer, microphone->recording ? PATIENCE_NS : 0);
}

static void
state_changed (void *data, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
  BhMicrophone *microphone = data;
  bool recording = state == PW_STREAM_STATE_STREAMING;

  if (recording == microphone->recording)
    return;
  microphone->recording = recording;
  microphone->pacer.pending = false;
  bh_microphone_announce (microphone);
}

/* Fill @out from the ring, the rest with silence. */
static void
take (BhMicrophone *microphone, uint8_t *out, uint32_t size)
{
  uint32_t length = microphone->silent ? 0 : SPA_MIN (size, microphone->length);
  uint32_t first = SPA_MIN (length, RING - microphone->start);

  memcpy (out, microphone->ring + microphone->start, first);
  memcpy (out + first, microphone->ring, length - first);
  memset (out + length, 0, size - length);
  microphone->start = (microphone->start + length) % RING;
  microphone->length -= length;
}

static void
process (void *data)
{
  BhMicrophone *microphone = data;
  struct pw_buffer *buffer = pw_stream_dequeue_buffer (microphone->pacer.stream);

  if (buffer)
    {
      struct spa_data *d = &buffer->buffer->datas[0];
      uint32_t size = bh_pacer_quantum (&microphone->pacer) * BH_SOUND_FRAME;

      size = SPA_MIN (size, d->maxsize / BH_SOUND_FRAME * BH_SOUND_FRAME);
      if (d->data)
        take (microphone, d->data, size);
      d->chunk->offset = 0;
      d->chunk->stride = BH_SOUND_FRAME;
      d->chunk->size = d->data ? size : 0;
      pw_stream_queue_buffer (microphone->pacer.stream, buffer);
    }
}

static void
io_changed (void *data, uint32_t id, void *area, uint32_t size)
{
  bh_pacer_io_changed (&((BhMicrophone *) data)->pacer, id, area);
}

static void
trigger_done (void *data)
{
  BhMicrophone *microphone = data;

  bh_pacer_done (&microphone->pacer);
  if (!microphone->silent)
    go_on (microphone);
}

static const struct pw_stream_events events = {
  PW_VERSION_STREAM_EVENTS,
  .trigger_done = trigger_done,
  .state_changed = state_changed,
  .io_changed = io_changed,
  .process = process,
};

/* Before the speaker, which is a source as well: of what is played. */
static void
make_node (BhMicrophone *microphone)
{
  BhMedia *media = microphone->pacer.media;
  uint8_t buffer[1024];
  const struct spa_pod *params[1] = { bh_media_format (buffer, sizeof buffer) };
  struct pw_properties *properties = pw_properties_new (
      PW_KEY_MEDIA_CLASS, "Audio/Source", PW_KEY_NODE_NAME, BH_MICROPHONE_NODE,
      PW_KEY_NODE_DESCRIPTION, "Microphone of this computer", PW_KEY_NODE_VIRTUAL, "true",
      "priority.session", "200000", PW_KEY_PRIORITY_DRIVER, "25000", PW_KEY_NODE_MAX_LATENCY,
      "1024/48000", NULL);

  microphone->pacer.stream = pw_stream_new (media->core, BH_MICROPHONE_NODE, properties);
  if (!microphone->pacer.stream)
    return;
  pw_stream_add_listener (microphone->pacer.stream, &microphone->listener, &events, microphone);
  pw_stream_connect (microphone->pacer.stream, PW_DIRECTION_OUTPUT, PW_ID_ANY,
                     PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_DRIVER, params, 1);
}

void
bh_microphone_switch (BhMicrophone *microphone, bool on)
{
  microphone->on = on;
  if (on && !microphone->pacer.stream)
    make_node (microphone);
  bh_microphone_announce (microphone);
}

bool
bh_microphone_is_there (BhMicrophone *microphone)
{
  return microphone->pacer.stream != NULL;
}

void
bh_microphone_captured (BhMicrophone *microphone, const BhBytes *data)
{
  uint32_t end, first;

  /* Late sound is worth nothing: what does not fit goes. */
  if (!microphone->on || !microphone->recording || data->len > RING - microphone->length)
    return;
  end = (microphone->start + microphone->length) % RING;
  first = SPA_MIN (data->len, RING - end);
  memcpy (microphone->ring + end, data->data, first);
  memcpy (microphone->ring, data->data + first, data->len - first);
  microphone->length += data->len;
  go_on (microphone);
}

BhMicrophone *
bh_microphone_new (BhMedia *media)
{
  BhMicrophone *microphone = calloc (1, sizeof *microphone);

  if (!microphone)
    return NULL;
  microphone->pacer.media = media;
  microphone->timer = pw_loop_add_timer (pw_main_loop_get_loop (media->loop), expired, microphone);
  return microphone;
}

void
bh_microphone_free (BhMicrophone *microphone)
{
  if (microphone->pacer.stream)
    {
      spa_hook_remove (&microphone->listener);
      pw_stream_destroy (microphone->pacer.stream);
    }
  pw_loop_destroy_source (pw_main_loop_get_loop (microphone->pacer.media->loop),
                          microphone->timer);
  free (microphone);
}
