/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The channel to a process of ours beside the proxy: bulkhead-sound or bulkhead-camera. */
#pragma once

#include "bh-proxy.h"
#include "bh-stream.h"

typedef struct _BhSideChannel BhSideChannel;

/* What happens on it. Both may free the channel. */
typedef struct
{
  void (*message) (gpointer data, const BhMessage *msg);
  void (*lost) (gpointer data); /* the process is gone, or says nonsense: to be freed now */
} BhSideChannelEvents;

/* The other end of @fd is the process's; @fd becomes the channel's. */
BhSideChannel *bh_side_channel_new (BhProxy *proxy, int fd, const BhSideChannelEvents *events, gpointer data);
/* No events any more; the process sees its end. %NULL is nothing. */
void bh_side_channel_free (BhSideChannel *side);

void bh_side_channel_send (BhSideChannel *side, BhMessageType type, const void *msg);
/* Bytes of @stream that the process has not read. */
gsize bh_side_channel_get_queued (const BhSideChannel *side, BhStreamId stream);
