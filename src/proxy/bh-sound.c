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

#include "bh-guest-link.h"
#include "bh-service-link.h"
#include "bh-side-channel.h"

/* Recorded sound is left out for a guest, and played sound for a bulkhead-sound, that reads this late. */
#define LATE (BH_SOUND_SECOND / 2)

struct _BhSound
{
  BhProxy *proxy;
  gboolean play_allowed, record_allowed;
  gboolean playing, recording; /* what the guest says */
  gboolean wanted;             /* the service was told */
  guint32 book;
  BhSideChannel *channel; /* NULL while bulkhead-sound is not there */
};

static void
drop (BhSound *sound)
{
  g_clear_pointer (&sound->channel, bh_side_channel_free);
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
lost (gpointer data)
{
  BhSound *sound = data;

  drop (sound);
  ask (sound);
}

static void
relay (BhSound *sound, BhMessageType type, const void *msg)
{
  if (sound->channel)
    bh_side_channel_send (sound->channel, type, msg);
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
handle (gpointer data, const BhMessage *msg)
{
  BhSound *sound = data;
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

static const BhSideChannelEvents channel_events = { .message = handle, .lost = lost };

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
      && bh_side_channel_get_queued (sound->channel, BH_STREAM_SOUND) < LATE)
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
  sound->channel = bh_side_channel_new (sound->proxy, fd, &channel_events, sound);
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
