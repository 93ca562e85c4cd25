/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Framing of messages; the format is in bh-packet.h. */
#include "bh-packet.h"

#include <stdlib.h>

void
bh_packet_reader_init (BhPacketReader *reader, BhDirection from)
{
  *reader = (BhPacketReader){ .from = from, .failed = BH_WIRE_OK };
}

void
bh_packet_reader_clear (BhPacketReader *reader)
{
  free (reader->data);
  *reader = (BhPacketReader){ .from = reader->from, .failed = BH_WIRE_CLOSED };
}

uint8_t *
bh_packet_reader_room (BhPacketReader *reader, size_t least, size_t *room)
{
  size_t held = reader->end - reader->start;

  if (reader->start > 0)
    {
      memmove (reader->data, reader->data + reader->start, held);
      reader->start = 0;
      reader->end = held;
    }
  if (reader->size - reader->end < least)
    {
      size_t size = held + least;
      uint8_t *data = realloc (reader->data, size);

      if (!data)
        return NULL;
      reader->data = data;
      reader->size = size;
    }
  *room = reader->size - reader->end;
  return reader->data + reader->end;
}

void
bh_packet_reader_filled (BhPacketReader *reader, size_t len)
{
  reader->end += len;
}

static BhWireStatus
check_header (BhDirection from, const uint8_t *header, uint32_t *untrusted_len, unsigned *type)
{
  const BhMessageInfo *info;

  *untrusted_len = bh_get_u32 (header);
  *type = bh_get_u16 (header + 4);
  info = bh_message_info (*type);
  if (!info || bh_get_u16 (header + 6) != 0)
    return BH_WIRE_UNKNOWN;
  if (!(info->direction & from))
    return BH_WIRE_DIRECTION;
  if (*untrusted_len > bh_message_max_payload (*type))
    return BH_WIRE_TOO_LONG;
  return BH_WIRE_OK;
}

BhWireStatus
bh_packet_reader_next (BhPacketReader *reader, BhMessage *out, size_t *size)
{
  size_t held = reader->end - reader->start;
  const uint8_t *packet = reader->data ? reader->data + reader->start : NULL;
  uint32_t len;
  unsigned type;

  if (reader->failed != BH_WIRE_OK)
    return reader->failed;
  if (held < BH_PACKET_HEADER)
    return BH_WIRE_AGAIN;
  reader->failed = check_header (reader->from, packet, &len, &type);
  if (reader->failed != BH_WIRE_OK)
    return reader->failed;
  if (held - BH_PACKET_HEADER < len)
    return BH_WIRE_AGAIN;
  reader->failed = bh_message_decode (reader->from, type, packet + BH_PACKET_HEADER, len, out);
  if (reader->failed != BH_WIRE_OK)
    return reader->failed;
  *size = BH_PACKET_HEADER + len;
  reader->start += *size;
  return BH_WIRE_OK;
}

size_t
bh_packet_write (BhMessageType type, const void *msg, size_t payload, uint8_t *out)
{
  bh_put_u32 (out, (uint32_t) payload);
  bh_put_u16 (out + 4, (uint16_t) type);
  bh_put_u16 (out + 6, 0);
  return BH_PACKET_HEADER + bh_message_encode (type, msg, out + BH_PACKET_HEADER);
}
