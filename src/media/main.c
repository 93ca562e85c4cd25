/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-media: the sound devices and the camera of an AppVM, in its PipeWire.
 *
 * bulkhead-guest starts it in the guest with fd 3 a socket on which both speak the sound and camera
 * messages of bh-messages.h; the agent passes them on between here and the host. It ends with that socket or with the
 * PipeWire daemon. With --video the camera is /dev/video as well. */
#include "config.h"

#include "bh-media.h"

#include <fcntl.h>
#include <signal.h>
#include <spa/param/audio/format-utils.h>
#include <stdio.h>
#include <string.h>

#define FD_AGENT 3

static void
quit (BhMedia *media, const char *why)
{
  fprintf (stderr, "bulkhead-media: ends: %s\n", why);
  pw_main_loop_quit (media->loop);
}

static void
flush (BhMedia *media)
{
  BhWireStatus status = bh_channel_flush (media->channel);
  uint32_t mask = SPA_IO_IN | SPA_IO_HUP | SPA_IO_ERR;

  if (status != BH_WIRE_OK)
    {
      quit (media, bh_wire_status_name (status));
      return;
    }
  if (bh_channel_wants_write (media->channel))
    mask |= SPA_IO_OUT;
  if (mask != media->mask)
    pw_loop_update_io (pw_main_loop_get_loop (media->loop), media->source, mask);
  media->mask = mask;
}

void
bh_media_send (BhMedia *media, BhMessageType type, const void *message)
{
  bh_channel_send (media->channel, type, message);
  flush (media);
}

const struct spa_pod *
bh_media_format (uint8_t *buffer, size_t size)
{
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT (buffer, (uint32_t) size);
  struct spa_audio_info_raw info = {
    .format = SPA_AUDIO_FORMAT_S16_LE,
    .rate = BH_SOUND_RATE,
    .channels = 2,
    .position = { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR },
  };

  return spa_format_audio_raw_build (&builder, SPA_PARAM_EnumFormat, &info);
}

static void
handle (BhMedia *media, const BhMessage *message)
{
  switch (message->type)
    {
    case BH_MSG_SOUND_SWITCH:
      bh_speaker_switch (media->speaker, message->sound_switch.play);
      bh_microphone_switch (media->microphone, message->sound_switch.record);
      break;
    case BH_MSG_SOUND_ROOM:
      bh_speaker_add_room (media->speaker, message->sound_room.bytes);
      break;
    case BH_MSG_SOUND_CAPTURED:
      bh_microphone_captured (media->microphone, &message->sound_captured.data);
      break;
    case BH_MSG_CAMERA_SWITCH:
      bh_camera_switch (media->camera, message->camera_switch.on);
      break;
    case BH_MSG_CAMERA_PART:
      bh_camera_part (media->camera, &message->camera_part);
      break;
    default:
      break;
    }
}

static void
ready (void *data, int fd, uint32_t mask)
{
  BhMedia *media = data;
  BhWireStatus status = BH_WIRE_AGAIN;
  BhMessage message;

  if (mask & (SPA_IO_IN | SPA_IO_HUP | SPA_IO_ERR))
    {
      status = bh_channel_receive (media->channel);
      if (status == BH_WIRE_OK)
        while ((status = bh_channel_next (media->channel, &message)) == BH_WIRE_OK)
          handle (media, &message);
      if (status != BH_WIRE_AGAIN)
        {
          quit (media, bh_wire_status_name (status));
          return;
        }
    }
  flush (media);
}

static void
core_error (void *data, uint32_t id, int seq, int res, const char *text)
{
  if (id == PW_ID_CORE && res == -EPIPE)
    quit (data, "the sound server has ended");
}

static const struct pw_core_events core_events = { PW_VERSION_CORE_EVENTS, .error = core_error };

static void
asked_to_end (void *data, int number)
{
  pw_main_loop_quit (((BhMedia *) data)->loop);
}

int
main (int argc, char **argv)
{
  BhMedia media = { .video = argc > 1 && strcmp (argv[1], "--video") == 0 };
  struct pw_context *context;
  struct spa_hook listener;
  struct pw_loop *loop;

  if (fcntl (FD_AGENT, F_SETFD, FD_CLOEXEC) < 0)
    {
      fprintf (stderr, "bulkhead-media: started by bulkhead-guest, with a socket as descriptor 3\n");
      return 2;
    }
  signal (SIGPIPE, SIG_IGN);
  pw_init (&argc, &argv);
  media.loop = pw_main_loop_new (NULL);
  loop = pw_main_loop_get_loop (media.loop);
  pw_loop_add_signal (loop, SIGTERM, asked_to_end, &media);
  media.channel = bh_channel_new (FD_AGENT, BH_SIDE_GUEST);
  media.mask = SPA_IO_IN | SPA_IO_HUP | SPA_IO_ERR;
  media.source = pw_loop_add_io (loop, FD_AGENT, media.mask, false, ready, &media);
  context = pw_context_new (loop, NULL, 0);
  media.core = context ? pw_context_connect (context, NULL, 0) : NULL;
  if (!media.core || !media.channel)
    {
      fprintf (stderr, "bulkhead-media: no connection to PipeWire: %m\n");
      return 1;
    }
  pw_core_add_listener (media.core, &listener, &core_events, &media);
  media.speaker = bh_speaker_new (&media);
  media.microphone = bh_microphone_new (&media);
  media.camera = bh_camera_new (&media);
  if (!media.speaker || !media.microphone || !media.camera)
    return 1;
  bh_default_watch (&media);
  pw_main_loop_run (media.loop);
  bh_default_unwatch (&media);
  bh_speaker_free (media.speaker);
  bh_microphone_free (media.microphone);
  bh_camera_free (media.camera);
  spa_hook_remove (&listener);
  pw_core_disconnect (media.core);
  pw_context_destroy (context);
  pw_loop_destroy_source (loop, media.source);
  bh_channel_free (media.channel);
  pw_main_loop_destroy (media.loop);
  pw_deinit ();
  return 0;
}
