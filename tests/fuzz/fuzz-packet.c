/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzz target: whatever bytes a guest (or, in the guest, a host) may write to the channel. The first
 * byte chooses the direction and how the rest is cut into reads. Every accepted message is encoded again
 * and must come out as the same bytes, so the decoder accepts nothing the encoder could not have made. */
#include "bh-packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_same (const BhMessage *message, const uint8_t *packet, size_t size)
{
  BhWireStatus status;
  size_t payload = bh_message_measure (message->type, &message->hello, &status);
  uint8_t *again = malloc (BH_PACKET_HEADER + payload);

  if (!again || status != BH_WIRE_OK
      || bh_packet_write (message->type, &message->hello, payload, again) != size
      || memcmp (again, packet, size) != 0)
    abort ();
  free (again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  BhPacketReader reader;
  size_t step, at = 1, taken = 1;

  if (size == 0)
    return 0;
  bh_packet_reader_init (&reader, data[0] & 1 ? BH_DIR_H : BH_DIR_G);
  step = (size_t) (data[0] >> 1) + 1;
  while (at < size)
    {
      size_t len = size - at < step ? size - at : step, room, packet;
      uint8_t *buffer = bh_packet_reader_room (&reader, len, &room);
      BhMessage message;

      memcpy (buffer, data + at, len);
      bh_packet_reader_filled (&reader, len);
      at += len;
      while (bh_packet_reader_next (&reader, &message, &packet) == BH_WIRE_OK)
        {
          check_same (&message, data + taken, packet);
          taken += packet;
        }
    }
  bh_packet_reader_clear (&reader);
  return 0;
}
