/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel: messages over one non-blocking byte channel, in streams with credit.
 *
 * Each stream (control, display, pixels) may have at most BH_STREAM_WINDOW bytes under way in each
 * direction. The receiver grants more as it takes messages, so a stream whose reader is slow fills only
 * its own queue on the sender's side, and the others go on. Ready streams are served in turn, a packet
 * each. A credit message needs no credit and goes first.
 *
 * The sender's queues are bounded (BH_STREAM_QUEUE): a full one is told to the caller, who decides what
 * to leave out. A peer that sends more than it was granted, or grants more than the window, is wrong, and
 * the channel fails for good. */
#pragma once

#include "bh-packet.h"

/* Holds the longest message of every stream (a keymap, with its header). */
#define BH_STREAM_WINDOW (2u << 20)
#define BH_STREAM_QUEUE (4u << 20)

typedef enum
{
  BH_SIDE_HOST,
  BH_SIDE_GUEST
} BhSide;

typedef struct _BhChannel BhChannel;

/* @fd becomes the channel's, and non-blocking. NULL without memory. */
BhChannel *bh_channel_new (int fd, BhSide side);
void bh_channel_free (BhChannel *channel);
int bh_channel_get_fd (const BhChannel *channel);

/* Whether there is something to write that credit allows: poll for writing as well. */
bool bh_channel_wants_write (const BhChannel *channel);

/* Queue @msg (a bh_msg_…). BH_WIRE_FULL when its stream's queue is full; BH_WIRE_LIMIT, BH_WIRE_TEXT or
 * BH_WIRE_DIRECTION when it is not a message this side may send. Nothing is queued then. */
BhWireStatus bh_channel_send (BhChannel *channel, BhMessageType type, const void *msg);

/* Write what socket and credit take. BH_WIRE_OK also when some is left. */
BhWireStatus bh_channel_flush (BhChannel *channel);

/* Read once what the socket has. BH_WIRE_AGAIN when it has nothing. Invalidates decoded messages. */
BhWireStatus bh_channel_receive (BhChannel *channel);

/* The next message that was read. It points into the channel: valid until bh_channel_receive. */
BhWireStatus bh_channel_next (BhChannel *channel, BhMessage *out);

/* While @hold, the other side gets no more credit on @stream: for a reader that cannot keep up. What it was
 * granted before still comes. Flush after letting go. */
void bh_channel_hold (BhChannel *channel, BhStreamId stream, bool hold);

/* Bytes of @stream waiting here to be sent. */
size_t bh_channel_get_queued (const BhChannel *channel, BhStreamId stream);
