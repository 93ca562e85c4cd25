/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packets: the framing of messages on the byte channel.
 *
 * A packet is U32 payload length, U16 message type, U16 zero, then the payload. A reader takes bytes
 * in pieces of any size and gives whole packets; a header that no message of its direction can have
 * (unknown type, wrong direction, payload over that type's longest) is refused before its payload is
 * waited for, so a hostile sender cannot make the reader keep more than one longest packet. */
#pragma once

#include "bh-messages.h"

#define BH_PACKET_HEADER 8

typedef struct
{
  BhDirection from;
  uint8_t *data; /* start .. end holds what is not taken yet */
  size_t size, start, end;
  BhWireStatus failed; /* the first error; it stays */
} BhPacketReader;

void bh_packet_reader_init (BhPacketReader *reader, BhDirection from);
void bh_packet_reader_clear (BhPacketReader *reader);

/* Room for the next bytes, at least @least of them; NULL without memory. Invalidates decoded messages. */
uint8_t *bh_packet_reader_room (BhPacketReader *reader, size_t least, size_t *room);

/* @len bytes were put where bh_packet_reader_room pointed. */
void bh_packet_reader_filled (BhPacketReader *reader, size_t len);

/* Take and decode the next packet. @size: its bytes with the header, for the credit.
 * BH_WIRE_AGAIN when it is not complete; after an error nothing more comes. */
BhWireStatus bh_packet_reader_next (BhPacketReader *reader, BhMessage *out, size_t *size);

/* Write @msg as a packet to @out, which has room for it; returns its whole length. */
size_t bh_packet_write (BhMessageType type, const void *msg, size_t payload, uint8_t *out);
