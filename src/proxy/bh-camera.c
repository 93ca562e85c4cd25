/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera of the AppVM.
 *
 * Theory of operation: bulkhead-camera lives while a program in the guest looks and may: its channel is closed
 * here when either ends, and it goes with that. The guest asks for pictures (at most two of them are on their way),
 * and bulkhead-camera is asked for one at a time, for its newest, once what was sent before has left: a guest that
 * does not read has at most two pictures waiting for it here, however often it starts anew. */
#include "config.h"

#include "bh-camera.h"

#include "bh-guest-link.h"
#include "bh-service-link.h"
#include "bh-side-channel.h"

/* How soon to look again whether a guest has read what waits for it. */
#define RETRY_MS 20

struct _BhCamera
{
  BhProxy *proxy;
  gboolean allowed;
  gboolean looking; /* what the guest says */
  guint32 size;
  guint32 book;      /* asked for by the guest and not sent */
  gboolean wanted;   /* the service was told */
  gboolean asked;    /* bulkhead-camera, for a picture that has not come */
  gboolean relaying; /* one that comes right now */
  guint32 at;        /* what has come of it */
  BhSideChannel *channel; /* NULL while bulkhead-camera is not there */
  guint retry;
};

static void
drop (BhCamera *camera)
{
  g_clear_handle_id (&camera->retry, g_source_remove);
  g_clear_pointer (&camera->channel, bh_side_channel_free);
  camera->asked = camera->relaying = FALSE;
}

/* Have bulkhead-camera as long as there is something for it. */
static void
ask_service (BhCamera *camera)
{
  gboolean wanted = camera->looking && camera->allowed;

  if (!wanted)
    drop (camera);
  if (wanted == camera->wanted)
    return;
  camera->wanted = wanted;
  bh_service_link_camera_wanted (camera->proxy->service, wanted);
}

/* bulkhead-camera has ended. */
static void
lost (gpointer data)
{
  BhCamera *camera = data;

  drop (camera);
  camera->wanted = FALSE;
  ask_service (camera);
}

static void
tell (BhCamera *camera, BhMessageType type, const void *msg)
{
  if (camera->channel)
    bh_side_channel_send (camera->channel, type, msg);
}

static void ask_picture (BhCamera *camera);

static gboolean
ask_again (gpointer data)
{
  BhCamera *camera = data;

  camera->retry = 0;
  ask_picture (camera);
  return G_SOURCE_REMOVE;
}

/* Ask for the next picture when the guest waits for one and has taken those before. */
static void
ask_picture (BhCamera *camera)
{
  const bh_msg_camera_next next = { .count = 1 };

  if (!camera->channel || camera->book == 0 || camera->asked)
    return;
  if (bh_guest_link_get_queued (camera->proxy->guest, BH_STREAM_CAMERA) >= BH_CAMERA_BYTES (0))
    {
      if (!camera->retry)
        camera->retry = g_timeout_add (RETRY_MS, ask_again, camera);
      return;
    }
  camera->asked = TRUE;
  tell (camera, BH_MSG_CAMERA_NEXT, &next);
}

/* A part of a picture from bulkhead-camera. One that began before the guest started anew is not passed on. */
static void
handle_part (BhCamera *camera, const bh_msg_camera_part *part)
{
  guint32 whole = BH_CAMERA_BYTES (part->size);

  if (part->offset == 0)
    {
      camera->relaying = camera->asked && camera->book > 0 && part->size == camera->size;
      camera->at = 0;
    }
  if (part->offset != camera->at || part->data.len > whole - camera->at)
    {
      lost (camera); /* not what ours does */
      return;
    }
  camera->at += part->data.len;
  if (camera->relaying)
    bh_guest_link_send (camera->proxy->guest, BH_MSG_CAMERA_PART, part);
  if (camera->at < whole)
    return;
  if (camera->relaying)
    camera->book--;
  camera->relaying = camera->asked = FALSE;
  camera->at = 0;
  ask_picture (camera);
}

static void
handle (gpointer data, const BhMessage *msg)
{
  if (msg->type == BH_MSG_CAMERA_PART)
    handle_part (data, &msg->camera_part);
}

static const BhSideChannelEvents channel_events = { .message = handle, .lost = lost };

static void
tell_stream (BhCamera *camera)
{
  const bh_msg_camera_stream stream = { .on = 1, .size = camera->size };

  tell (camera, BH_MSG_CAMERA_STREAM, &stream);
}

static void
handle_stream (BhCamera *camera, const bh_msg_camera_stream *untrusted)
{
  gboolean other = untrusted->size != camera->size;

  camera->looking = untrusted->on != 0;
  camera->size = untrusted->size;
  camera->book = 0;
  camera->relaying = FALSE;
  ask_service (camera);
  if (other)
    tell_stream (camera);
}

const char *
bh_camera_message (BhCamera *camera, const BhMessage *untrusted)
{
  switch (untrusted->type)
    {
    case BH_MSG_CAMERA_STREAM:
      handle_stream (camera, &untrusted->camera_stream);
      return NULL;
    case BH_MSG_CAMERA_NEXT:
      if (untrusted->camera_next.count > BH_MAX_CAMERA_PICTURES - camera->book)
        return "more pictures asked for than may be on their way";
      camera->book += untrusted->camera_next.count;
      ask_picture (camera);
      return NULL;
    default:
      return "a message this proxy does not know";
    }
}

void
bh_camera_hello (BhCamera *camera)
{
  BH_SEND (camera->proxy, CAMERA_SWITCH, camera_switch, .on = camera->allowed != 0);
}

void
bh_camera_set_allowed (BhCamera *camera, gboolean allowed)
{
  if (camera->allowed == allowed)
    return;
  camera->allowed = allowed;
  /* First it stops here, then the guest hears of it. */
  ask_service (camera);
  bh_camera_hello (camera);
}

void
bh_camera_connect (BhCamera *camera, int fd)
{
  drop (camera);
  camera->channel = bh_side_channel_new (camera->proxy, fd, &channel_events, camera);
  if (!camera->looking || !camera->allowed)
    {
      drop (camera); /* it ends at once */
      return;
    }
  tell_stream (camera);
  ask_picture (camera);
}

BhCamera *
bh_camera_new (BhProxy *proxy)
{
  BhCamera *camera = g_new0 (BhCamera, 1);

  camera->proxy = proxy;
  return camera;
}

void
bh_camera_free (BhCamera *camera)
{
  drop (camera);
  g_free (camera);
}
