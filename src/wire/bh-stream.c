/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Streams with credit over one byte channel; the rules are in bh-stream.h.
 *
 * Theory of operation: each stream has a ring of encoded packets. Flushing moves whole packets, as far
 * as credit allows, in turn from the streams to one small outgoing buffer, and writes that. A packet
 * moved there has used its credit. Credit to give back is kept per stream and sent when half a window
 * is due, straight into the outgoing buffer. */
#include "bh-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_TARGET (64u << 10) /* enough for one write; more would delay other streams */
#define READ_ONCE (64u << 10)

typedef struct
{
  uint8_t *data;
  size_t size, start, end;
} Queue;

typedef struct
{
  Queue queue;
  uint64_t credit;  /* bytes the other side lets us send */
  uint64_t granted; /* bytes the other side may still send us */
  uint64_t owed;    /* taken since, not granted again yet */
  bool held;        /* grant nothing for now */
} Stream;

struct _BhChannel
{
  int fd;
  BhDirection own; /* direction of what this side sends */
  Stream streams[BH_N_STREAMS];
  unsigned turn;
  Queue out;
  BhPacketReader reader;
  BhWireStatus failed;
};

static bool
queue_reserve (Queue *queue, size_t len)
{
  if (queue->size - queue->end >= len)
    return true;
  if (queue->start > 0)
    {
      memmove (queue->data, queue->data + queue->start, queue->end - queue->start);
      queue->end -= queue->start;
      queue->start = 0;
    }
  if (queue->size - queue->end < len)
    {
      size_t size = queue->size * 2 > queue->end + len ? queue->size * 2 : queue->end + len;
      uint8_t *data = realloc (queue->data, size);

      if (!data)
        return false;
      queue->data = data;
      queue->size = size;
    }
  return true;
}

static size_t
queue_length (const Queue *queue)
{
  return queue->end - queue->start;
}

static void
queue_drop (Queue *queue, size_t len)
{
  queue->start += len;
  if (queue->start == queue->end)
    queue->start = queue->end = 0;
  /* A keymap or a burst of pixels must not keep its memory for the life of the AppVM. */
  if (queue->end == 0 && queue->size > OUT_TARGET * 4)
    {
      free (queue->data);
      *queue = (Queue){ 0 };
    }
}

BhChannel *
bh_channel_new (int fd, BhSide side)
{
  BhChannel *channel = calloc (1, sizeof *channel);

  if (!channel)
    return NULL;
  channel->fd = fd;
  channel->own = side == BH_SIDE_HOST ? BH_DIR_H : BH_DIR_G;
  channel->failed = BH_WIRE_OK;
  for (unsigned i = 0; i < BH_N_STREAMS; i++)
    channel->streams[i].credit = channel->streams[i].granted = BH_STREAM_WINDOW;
  bh_packet_reader_init (&channel->reader, side == BH_SIDE_HOST ? BH_DIR_G : BH_DIR_H);
  fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK);
  return channel;
}

void
bh_channel_free (BhChannel *channel)
{
  if (!channel)
    return;
  for (unsigned i = 0; i < BH_N_STREAMS; i++)
    free (channel->streams[i].queue.data);
  free (channel->out.data);
  bh_packet_reader_clear (&channel->reader);
  close (channel->fd);
  free (channel);
}

int
bh_channel_get_fd (const BhChannel *channel)
{
  return channel->fd;
}

/* Length of the first packet of @stream when its credit allows to send it, else 0. */
static size_t
sendable (const Stream *stream)
{
  size_t len;

  if (queue_length (&stream->queue) == 0)
    return 0;
  len = BH_PACKET_HEADER + (size_t) bh_get_u32 (stream->queue.data + stream->queue.start);
  return len <= stream->credit ? len : 0;
}

bool
bh_channel_wants_write (const BhChannel *channel)
{
  if (queue_length (&channel->out) > 0)
    return true;
  for (unsigned i = 0; i < BH_N_STREAMS; i++)
    if (sendable (&channel->streams[i]) > 0)
      return true;
  return false;
}

size_t
bh_channel_get_queued (const BhChannel *channel, BhStreamId stream)
{
  return queue_length (&channel->streams[stream].queue);
}

static BhWireStatus
append (Queue *queue, BhMessageType type, const void *msg, size_t payload)
{
  if (!queue_reserve (queue, BH_PACKET_HEADER + payload))
    {
      errno = ENOMEM;
      return BH_WIRE_IO;
    }
  queue->end += bh_packet_write (type, msg, payload, queue->data + queue->end);
  return BH_WIRE_OK;
}

BhWireStatus
bh_channel_send (BhChannel *channel, BhMessageType type, const void *msg)
{
  const BhMessageInfo *info = bh_message_info (type);
  BhWireStatus status;
  size_t payload;
  Queue *queue;

  if (channel->failed != BH_WIRE_OK)
    return channel->failed;
  if (!info || type == BH_MSG_CREDIT)
    return BH_WIRE_UNKNOWN;
  if (!(info->direction & channel->own))
    return BH_WIRE_DIRECTION;
  payload = bh_message_measure (type, msg, &status);
  if (status != BH_WIRE_OK)
    return status;
  queue = &channel->streams[info->stream].queue;
  if (queue_length (queue) + BH_PACKET_HEADER + payload > BH_STREAM_QUEUE)
    return BH_WIRE_FULL;
  return append (queue, type, msg, payload);
}

/* Fill the outgoing buffer, a packet from each ready stream in turn. */
static BhWireStatus
fill_out (BhChannel *channel)
{
  unsigned idle = 0;

  while (queue_length (&channel->out) < OUT_TARGET && idle < BH_N_STREAMS)
    {
      Stream *stream = &channel->streams[channel->turn];
      size_t len = sendable (stream);

      channel->turn = (channel->turn + 1) % BH_N_STREAMS;
      if (len == 0)
        {
          idle++;
          continue;
        }
      idle = 0;
      if (!queue_reserve (&channel->out, len))
        {
          errno = ENOMEM;
          return BH_WIRE_IO;
        }
      memcpy (channel->out.data + channel->out.end, stream->queue.data + stream->queue.start, len);
      channel->out.end += len;
      stream->credit -= len;
      queue_drop (&stream->queue, len);
    }
  return BH_WIRE_OK;
}

static BhWireStatus
fail (BhChannel *channel, BhWireStatus status)
{
  channel->failed = status;
  return status;
}

/* Grant what is owed on a stream, once it is worth a message. Not while the other side leaves our bytes
 * unread: it would only add to them, and a peer that never reads must run out of credit. */
static BhWireStatus
grant (BhChannel *channel, BhStreamId id)
{
  Stream *stream = &channel->streams[id];
  bh_msg_credit credit = { .stream = id, .bytes = (uint32_t) stream->owed };
  BhWireStatus status;
  size_t payload;

  if (stream->held || stream->owed < BH_STREAM_WINDOW / 4
      || queue_length (&channel->out) >= OUT_TARGET)
    return BH_WIRE_OK;
  payload = bh_message_measure (BH_MSG_CREDIT, &credit, &status);
  status = append (&channel->out, BH_MSG_CREDIT, &credit, payload);
  if (status != BH_WIRE_OK)
    return status;
  stream->granted += stream->owed;
  stream->owed = 0;
  return BH_WIRE_OK;
}

void
bh_channel_hold (BhChannel *channel, BhStreamId stream, bool hold)
{
  channel->streams[stream].held = hold;
}

BhWireStatus
bh_channel_flush (BhChannel *channel)
{
  if (channel->failed != BH_WIRE_OK)
    return channel->failed;
  for (;;)
    {
      BhWireStatus status = BH_WIRE_OK;
      size_t len;
      const uint8_t *data;
      ssize_t n;

      for (unsigned i = 0; i < BH_N_STREAMS && status == BH_WIRE_OK; i++)
        status = grant (channel, i);
      if (status == BH_WIRE_OK)
        status = fill_out (channel);
      if (status != BH_WIRE_OK)
        return fail (channel, status);
      len = queue_length (&channel->out);
      if (len == 0)
        return BH_WIRE_OK;
      data = channel->out.data + channel->out.start;
      n = send (channel->fd, data, len, MSG_NOSIGNAL);
      if (n < 0 && errno == ENOTSOCK) /* a virtio port */
        n = write (channel->fd, data, len);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return BH_WIRE_OK;
      if (n < 0)
        return fail (channel, errno == EPIPE || errno == ECONNRESET ? BH_WIRE_CLOSED : BH_WIRE_IO);
      queue_drop (&channel->out, (size_t) n);
    }
}

BhWireStatus
bh_channel_receive (BhChannel *channel)
{
  uint8_t *buffer;
  size_t room;
  ssize_t n;

  if (channel->failed != BH_WIRE_OK)
    return channel->failed;
  buffer = bh_packet_reader_room (&channel->reader, READ_ONCE, &room);
  if (!buffer)
    {
      errno = ENOMEM;
      return fail (channel, BH_WIRE_IO);
    }
  do
    n = read (channel->fd, buffer, room);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return BH_WIRE_AGAIN;
  if (n == 0)
    return fail (channel, BH_WIRE_CLOSED);
  if (n < 0)
    return fail (channel, errno == ECONNRESET ? BH_WIRE_CLOSED : BH_WIRE_IO);
  bh_packet_reader_filled (&channel->reader, (size_t) n);
  return BH_WIRE_OK;
}

static BhWireStatus
take_credit (BhChannel *channel, const bh_msg_credit *credit)
{
  Stream *stream = &channel->streams[credit->stream];

  /* More than a window can never be due. */
  if (credit->bytes > BH_STREAM_WINDOW - stream->credit)
    return BH_WIRE_CREDIT;
  stream->credit += credit->bytes;
  return BH_WIRE_OK;
}

/* Account for @size bytes the other side sent on @stream, and grant them again in time. */
static BhWireStatus
account (BhChannel *channel, BhStreamId id, size_t size)
{
  Stream *stream = &channel->streams[id];

  if (size > stream->granted)
    return BH_WIRE_CREDIT;
  stream->granted -= size;
  stream->owed += size;
  return grant (channel, id);
}

BhWireStatus
bh_channel_next (BhChannel *channel, BhMessage *out)
{
  for (;;)
    {
      BhWireStatus status;
      size_t size;

      if (channel->failed != BH_WIRE_OK)
        return channel->failed;
      status = bh_packet_reader_next (&channel->reader, out, &size);
      if (status == BH_WIRE_AGAIN)
        return status;
      if (status != BH_WIRE_OK)
        return fail (channel, status);
      if (out->type == BH_MSG_CREDIT)
        {
          status = take_credit (channel, &out->credit);
          if (status != BH_WIRE_OK)
            return fail (channel, status);
          continue;
        }
      status = account (channel, bh_message_info (out->type)->stream, size);
      return status == BH_WIRE_OK ? BH_WIRE_OK : fail (channel, status);
    }
}
