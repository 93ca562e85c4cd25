/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Volume of the AppVM: that of its stream, the same that the desktop's mixer shows and sets. */
#include "config.h"

#include "bh-sound.h"

#include <math.h>

struct _BhVolume
{
  BhSound *sound;
  double value;
  gboolean muted;
  gboolean chosen; /* set here while there was no stream: the next one gets it */
  pa_cvolume initial;
};

static void
finish (pa_operation *operation)
{
  if (operation)
    pa_operation_unref (operation);
}

static pa_cvolume *
channels (BhVolume *volume)
{
  return pa_cvolume_set (&volume->initial, 2,
                         (pa_volume_t) lround (volume->value * PA_VOLUME_NORM));
}

/* The index of the stream, when there is one that can be changed. */
static pa_context *
get_stream (BhVolume *volume, guint32 *index)
{
  pa_stream *stream = bh_player_get_stream (volume->sound->player);

  if (!stream || pa_stream_get_state (stream) != PA_STREAM_READY)
    return NULL;
  *index = pa_stream_get_index (stream);
  return pa_stream_get_context (stream);
}

static void
seen (pa_context *context, const pa_sink_input_info *info, int end, void *data)
{
  BhVolume *volume = data;
  double value;
  gboolean muted;

  if (!info)
    return;
  value = (double) pa_cvolume_avg (&info->volume) / PA_VOLUME_NORM;
  muted = info->mute != 0;
  if (fabs (value - volume->value) < 0.001 && muted == volume->muted)
    return;
  volume->value = value;
  volume->muted = muted;
  bh_sound_volume_changed (volume->sound, value, muted);
}

void
bh_volume_look (BhVolume *volume)
{
  guint32 index;
  pa_context *context = get_stream (volume, &index);

  volume->chosen = FALSE;
  if (context)
    finish (pa_context_get_sink_input_info (context, index, seen, volume));
}

void
bh_volume_set (BhVolume *volume, double value)
{
  guint32 index;
  pa_context *context = get_stream (volume, &index);

  if (context)
    {
      pa_cvolume wanted;

      pa_cvolume_set (&wanted, 2, (pa_volume_t) lround (value * PA_VOLUME_NORM));
      finish (pa_context_set_sink_input_volume (context, index, &wanted, NULL, NULL));
      return; /* the server tells what has come of it */
    }
  volume->chosen = TRUE;
  volume->value = value;
  bh_sound_volume_changed (volume->sound, value, volume->muted);
}

void
bh_volume_set_muted (BhVolume *volume, gboolean muted)
{
  guint32 index;
  pa_context *context = get_stream (volume, &index);

  if (context)
    {
      finish (pa_context_set_sink_input_mute (context, index, muted, NULL, NULL));
      return;
    }
  volume->chosen = TRUE;
  volume->muted = muted;
  bh_sound_volume_changed (volume->sound, volume->value, muted);
}

const pa_cvolume *
bh_volume_initial (BhVolume *volume, gboolean *muted)
{
  *muted = volume->chosen && volume->muted;
  return volume->chosen ? channels (volume) : NULL;
}

BhVolume *
bh_volume_new (BhSound *sound)
{
  BhVolume *volume = g_new0 (BhVolume, 1);

  volume->sound = sound;
  volume->value = 1;
  return volume;
}

void
bh_volume_free (BhVolume *volume)
{
  g_free (volume);
}
