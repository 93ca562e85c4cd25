/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The channel to a process of ours beside the proxy: bulkhead-sound or bulkhead-camera. */
#include "config.h"

#include "bh-side-channel.h"

#include <glib-unix.h>

struct _BhSideChannel
{
  BhProxy *proxy;
  BhChannel *channel;
  const BhSideChannelEvents *events;
  gpointer data;
  guint source;
  gboolean reading; /* what a message is in must stay while it is handled */
  gboolean freed;   /* meanwhile */
};

static void watch (BhSideChannel *side);

void
bh_side_channel_free (BhSideChannel *side)
{
  if (!side)
    return;
  g_clear_handle_id (&side->source, g_source_remove);
  side->freed = TRUE;
  if (side->reading)
    return;
  bh_channel_free (side->channel);
  g_free (side);
}

static BhWireStatus
read_messages (BhSideChannel *side)
{
  BhWireStatus status = bh_channel_receive (side->channel);
  BhMessage msg;

  side->reading = TRUE;
  if (status == BH_WIRE_OK)
    while (!side->proxy->ended && !side->freed
           && (status = bh_channel_next (side->channel, &msg)) == BH_WIRE_OK)
      side->events->message (side->data, &msg);
  side->reading = FALSE;
  return status;
}

static gboolean
ready (int fd, GIOCondition condition, gpointer data)
{
  BhSideChannel *side = data;
  BhWireStatus status = BH_WIRE_AGAIN;

  side->source = 0;
  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    status = read_messages (side);
  if (side->freed)
    bh_side_channel_free (side);
  else if (side->proxy->ended)
    return G_SOURCE_REMOVE;
  else if (status != BH_WIRE_AGAIN && status != BH_WIRE_OK)
    side->events->lost (side->data);
  else
    watch (side);
  return G_SOURCE_REMOVE;
}

static void
watch (BhSideChannel *side)
{
  GIOCondition condition = G_IO_IN;

  if (bh_channel_flush (side->channel) != BH_WIRE_OK)
    {
      side->events->lost (side->data);
      return;
    }
  if (bh_channel_wants_write (side->channel))
    condition |= G_IO_OUT;
  g_clear_handle_id (&side->source, g_source_remove);
  side->source = g_unix_fd_add (bh_channel_get_fd (side->channel), condition, ready, side);
}

void
bh_side_channel_send (BhSideChannel *side, BhMessageType type, const void *msg)
{
  if (bh_channel_send (side->channel, type, msg) != BH_WIRE_OK)
    side->events->lost (side->data);
  else
    watch (side);
}

gsize
bh_side_channel_get_queued (const BhSideChannel *side, BhStreamId stream)
{
  return bh_channel_get_queued (side->channel, stream);
}

BhSideChannel *
bh_side_channel_new (BhProxy *proxy, int fd, const BhSideChannelEvents *events, gpointer data)
{
  BhSideChannel *side = g_new0 (BhSideChannel, 1);

  side->proxy = proxy;
  side->events = events;
  side->data = data;
  side->channel = bh_channel_new (fd, BH_SIDE_GUEST);
  if (!side->channel)
    g_error ("no memory for a channel");
  watch (side);
  return side;
}
