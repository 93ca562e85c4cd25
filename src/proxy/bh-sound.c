/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound of the AppVM: between the guest and bulkhead-sound.
 *
 * Theory of operation: bulkhead-sound is a process of its own because a sound server's client must be
 * able to connect to it again and again, which the proxy has given up. The service starts it when the
 * guest first plays or records, and hands over a socket. On it go the sound messages of bh-messages.h,
 * those of the guest written anew from what was decoded and checked here: state, room and switches.
 *
 * Room: the sum of what was granted and is not used yet (book), at most a second. A guest that keeps to
 * its room is never over it, also not with what was under way at a switch or stop, since unused room
 * stays in the book. */
#include "config.h"

#include "bh-sound.h"

#include <glib-unix.h>
#include <unistd.h>

#include "bh-guest-link.h"
#include "bh-service-link.h"
#include "bh-stream.h"

/* Recorded sound is left out for a guest, and played sound for a bulkhead-sound, that reads this late. */
#define LATE (BH_SOUND_SECOND / 2)

struct _BhSound
{
  BhProxy *proxy;
  gboolean play_allowed, record_allowed;
  gboolean playing, recording; /* what the guest says */
  gboolean wanted;             /* the service was told */
  guint32 book;
  BhChannel *channel; /* NULL while bulkhead-sound is not there */
  guint source;
};

static void watch (BhSound *sound);

static void
drop (BhSound *sound)
{
  g_clear_handle_id (&sound->source, g_source_remove);
  g_clear_pointer (&sound->channel, bh_channel_free);
  sound->wanted = FALSE;
}

/* Have bulkhead-sound when there is something for it. */
static void
ask (BhSound *sound)
{
  if (sound->channel || sound->wanted
      || !((sound->playing && sound->play_allowed) || (sound->recording && sound->record_allowed)))
    return;
  sound->wanted = TRUE;
  bh_service_link_sound_wanted (sound->proxy->service);
}

static void
lost (BhSound *sound)
{
  drop (sound);
  ask (sound);
}

static void
relay (BhSound *sound, BhMessageType type, const void *msg)
{
  if (!sound->channel)
    return;
  if (bh_channel_send (sound->channel, type, msg) != BH_WIRE_OK)
    lost (sound);
  else
    watch (sound);
}

/* Tell bulkhead-sound what of the guest's wishes is allowed. */
static void
tell_state (BhSound *sound)
{
  bh_msg_sound_play play = { .on = sound->playing && sound->play_allowed };
  bh_msg_sound_record record = { .on = sound->recording && sound->record_allowed };

  relay (sound, BH_MSG_SOUND_PLAY, &play);
  relay (sound, BH_MSG_SOUND_RECORD, &record);
}

/* From bulkhead-sound. */
static void
handle (BhSound *sound, const BhMessage *msg)
{
  BhGuestLink *guest = sound->proxy->guest;

  switch (msg->type)
    {
    case BH_MSG_SOUND_ROOM:
      if (!sound->playing || !sound->play_allowed)
        break;
      sound->book = MIN (sound->book + msg->sound_room.bytes, (guint32) BH_SOUND_SECOND);
      bh_guest_link_send (guest, BH_MSG_SOUND_ROOM, &msg->sound_room);
      break;
    case BH_MSG_SOUND_CAPTURED:
      if (sound->recording && sound->record_allowed
          && bh_guest_link_get_queued (guest, BH_STREAM_SOUND) < LATE)
        bh_guest_link_send (guest, BH_MSG_SOUND_CAPTURED, &msg->sound_captured);
      break;
    default:
      break;
    }
}

static gboolean
channel_ready (int fd, GIOCondition condition, gpointer data)
{
  BhSound *sound = data;
  BhWireStatus status = BH_WIRE_AGAIN;
  BhMessage msg;

  sound->source = 0;
  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    {
      status = bh_channel_receive (sound->channel);
      if (status == BH_WIRE_OK)
        while (!sound->proxy->ended
               && (status = bh_channel_next (sound->channel, &msg)) == BH_WIRE_OK)
          handle (sound, &msg);
    }
  if (sound->proxy->ended)
    return G_SOURCE_REMOVE;
  if (status != BH_WIRE_AGAIN && status != BH_WIRE_OK)
    lost (sound);
  else
    watch (sound);
  return G_SOURCE_REMOVE;
}

static void
watch (BhSound *sound)
{
  GIOCondition condition = G_IO_IN;
  BhWireStatus status = bh_channel_flush (sound->channel);

  if (status != BH_WIRE_OK)
    {
      lost (sound);
      return;
    }
  if (bh_channel_wants_write (sound->channel))
    condition |= G_IO_OUT;
  g_clear_handle_id (&sound->source, g_source_remove);
  sound->source =
      g_unix_fd_add (bh_channel_get_fd (sound->channel), condition, channel_ready, sound);
}

static const char *
handle_data (BhSound *sound, const bh_msg_sound_data *untrusted)
{
  guint32 len = untrusted->data.len;

  if (len % BH_SOUND_FRAME != 0)
    return "sound that is no whole frames";
  if (len > sound->book)
    return "more sound than there was room for";
  sound->book -= len;
  if (sound->playing && sound->play_allowed && sound->channel
      && bh_channel_get_queued (sound->channel, BH_STREAM_SOUND) < LATE)
    relay (sound, BH_MSG_SOUND_DATA, untrusted);
  return NULL;
}

const char *
bh_sound_message (BhSound *sound, const BhMessage *untrusted)
{
  switch (untrusted->type)
    {
    case BH_MSG_SOUND_DATA:
      return handle_data (sound, &untrusted->sound_data);
    case BH_MSG_SOUND_PLAY:
      sound->playing = untrusted->sound_play.on != 0;
      break;
    case BH_MSG_SOUND_RECORD:
      sound->recording = untrusted->sound_record.on != 0;
      break;
    default:
      return "a message this proxy does not know";
    }
  tell_state (sound);
  ask (sound);
  return NULL;
}

void
bh_sound_hello (BhSound *sound)
{
  BH_SEND (sound->proxy, SOUND_SWITCH, sound_switch, .play = sound->play_allowed != 0,
           .record = sound->record_allowed != 0);
}

void
bh_sound_set_switches (BhSound *sound, gboolean play, gboolean record)
{
  if (sound->play_allowed == play && sound->record_allowed == record)
    return;
  sound->play_allowed = play;
  sound->record_allowed = record;
  sound->wanted = FALSE;
  /* First what is forbidden stops here, then the guest hears of it. */
  tell_state (sound);
  bh_sound_hello (sound);
  ask (sound);
}

void
bh_sound_connect (BhSound *sound, int fd)
{
  drop (sound);
  sound->channel = bh_channel_new (fd, BH_SIDE_GUEST);
  if (!sound->channel)
    g_error ("no memory for a channel");
  tell_state (sound);
}

BhSound *
bh_sound_new (BhProxy *proxy)
{
  BhSound *sound = g_new0 (BhSound, 1);

  sound->proxy = proxy;
  return sound;
}

void
bh_sound_free (BhSound *sound)
{
  drop (sound);
  g_free (sound);
}
