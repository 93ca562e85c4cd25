/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Answers to packets that may not go on.
 *
 * Should: answer only what a single computer sent to a single one, and asked or began something.
 * Mustn't: answer an answer or an error, or more often than a second's share. */
#include "bh-refusal.h"

#include <netinet/in.h>
#include <string.h>

#define ETHERNET 14
#define IPV4 20
#define IPV6 40
#define TCP 20
#define ICMP 8
#define QUOTED 8 /* of the transport header: all of UDP's */
#define HOPS 64

#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd

enum
{
  FIN = 1,
  SYN = 2,
  RST = 4,
  ACK = 16
};

/* The packet that is answered: what it is made of is within it. */
typedef struct
{
  bool v6;
  const uint8_t *ip, *transport;
  size_t length; /* of the transport header and what follows */
  uint8_t protocol;
  BhAddress from, to;
} Packet;

static uint16_t
get16 (const uint8_t *p)
{
  return (uint16_t) (p[0] << 8 | p[1]);
}

static void
put16 (uint8_t *p, size_t value)
{
  p[0] = (uint8_t) (value >> 8);
  p[1] = (uint8_t) value;
}

static uint32_t
get32 (const uint8_t *p)
{
  return (uint32_t) get16 (p) << 16 | get16 (p + 2);
}

static void
put32 (uint8_t *p, uint32_t value)
{
  put16 (p, value >> 16);
  put16 (p + 2, value & 0xffff);
}

static bool
read_packet (const uint8_t *frame, size_t length, Packet *packet)
{
  size_t total, header;

  /* Nobody answers what was for many. */
  if (length < ETHERNET + IPV4 || frame[0] & 1)
    return false;
  packet->ip = frame + ETHERNET;
  packet->v6 = get16 (frame + 12) == TYPE_IPV6;
  header = packet->v6 ? IPV6 : IPV4;
  if (length - ETHERNET < header || (!packet->v6 && get16 (frame + 12) != TYPE_IPV4))
    return false;
  total = packet->v6 ? (size_t) IPV6 + get16 (packet->ip + 4) : get16 (packet->ip + 2);
  if (total < header || total > length - ETHERNET)
    return false;
  packet->transport = packet->ip + header;
  packet->length = total - header;
  packet->protocol = packet->v6 ? packet->ip[6] : packet->ip[9];
  packet->from = packet->v6 ? bh_address_v6 (packet->ip + 8) : bh_address_v4 (packet->ip + 12);
  packet->to = packet->v6 ? bh_address_v6 (packet->ip + 24) : bh_address_v4 (packet->ip + 16);
  return packet->v6 ? packet->to.bytes[0] != 0xff : packet->to.bytes[12] < 224; /* groups, "all" */
}

static uint32_t
sum (uint32_t so_far, const uint8_t *p, size_t length)
{
  for (; length > 1; p += 2, length -= 2)
    so_far += get16 (p);
  return length ? so_far + (uint32_t) (p[0] << 8) : so_far;
}

static uint16_t
finish_sum (uint32_t total)
{
  while (total >> 16)
    total = (total & 0xffff) + (total >> 16);
  return (uint16_t) ~total;
}

/* Everything before the transport header, and the checksum in that, at @checksum of it. */
static size_t
wrap (const Packet *packet, const BhAddress *from, uint8_t protocol, uint8_t *out, size_t length,
      size_t checksum)
{
  uint8_t *ip = out + ETHERNET, *transport = ip + (packet->v6 ? IPV6 : IPV4);
  uint32_t total = 0;

  memcpy (out, packet->ip - ETHERNET + 6, 6);
  memcpy (out + 6, packet->ip - ETHERNET, 6);
  put16 (out + 12, packet->v6 ? TYPE_IPV6 : TYPE_IPV4);
  if (packet->v6)
    {
      ip[0] = 0x60;
      put16 (ip + 4, length);
      ip[6] = protocol;
      ip[7] = HOPS;
      memcpy (ip + 8, from->bytes, 16);
      memcpy (ip + 24, packet->from.bytes, 16);
      total = sum (0, ip + 8, 32);
    }
  else
    {
      ip[0] = 0x45;
      put16 (ip + 2, IPV4 + length);
      ip[8] = HOPS;
      ip[9] = protocol;
      memcpy (ip + 12, from->bytes + 12, 4);
      memcpy (ip + 16, packet->from.bytes + 12, 4);
      put16 (ip + 10, finish_sum (sum (0, ip, IPV4)));
      total = protocol == IPPROTO_TCP ? sum (0, ip + 12, 8) : 0;
    }
  if (packet->v6 || protocol == IPPROTO_TCP)
    total += protocol + (uint32_t) length;
  put16 (transport + checksum, finish_sum (sum (total, transport, length)));
  return (size_t) (transport - out) + length;
}

static size_t
write_reset (const Packet *packet, uint8_t *out)
{
  uint8_t *tcp = out + ETHERNET + (packet->v6 ? IPV6 : IPV4);
  const uint8_t *asked = packet->transport;
  size_t header = packet->length < TCP ? 0 : (size_t) (asked[12] >> 4) * 4;

  if (header < TCP || header > packet->length || asked[13] & RST)
    return 0;
  memcpy (tcp, asked + 2, 2);
  memcpy (tcp + 2, asked, 2);
  tcp[12] = TCP / 4 << 4;
  tcp[13] = RST;
  if (asked[13] & ACK)
    memcpy (tcp + 4, asked + 8, 4);
  else
    {
      tcp[13] |= ACK;
      put32 (tcp + 8, get32 (asked + 4) + (uint32_t) (packet->length - header)
                          + (asked[13] & SYN ? 1 : 0) + (asked[13] & FIN ? 1 : 0));
    }
  return wrap (packet, &packet->to, IPPROTO_TCP, out, TCP, 16);
}

static size_t
write_prohibited (const BhPolicy *policy, const Packet *packet, uint8_t *out)
{
  uint8_t *icmp = out + ETHERNET + (packet->v6 ? IPV6 : IPV4);
  size_t quoted = (packet->v6 ? IPV6 : IPV4) + QUOTED;
  const BhAddress *from = &packet->to;

  if (packet->length < QUOTED)
    return 0;
  for (unsigned i = 0; i < policy->n_gateway; i++)
    if (bh_address_is_v4 (&policy->gateway[i]) != packet->v6)
      from = &policy->gateway[i];
  icmp[0] = packet->v6 ? 1 : 3;  /* destination unreachable */
  icmp[1] = packet->v6 ? 1 : 13; /* administratively prohibited */
  memcpy (icmp + ICMP, packet->ip, quoted);
  return wrap (packet, from, packet->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, out, ICMP + quoted, 2);
}

size_t
bh_refusal_write (const BhPolicy *policy, const uint8_t *frame, size_t length,
                  uint8_t out[BH_REFUSAL_MAX])
{
  Packet packet;
  uint8_t request;

  memset (out, 0, BH_REFUSAL_MAX);
  if (!read_packet (frame, length, &packet))
    return 0;
  request = packet.v6 ? 128 : 8; /* echo */
  switch (packet.protocol)
    {
    case IPPROTO_TCP:
      return write_reset (&packet, out);
    case IPPROTO_UDP:
      return write_prohibited (policy, &packet, out);
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return packet.length > 0 && packet.transport[0] == request
                 ? write_prohibited (policy, &packet, out)
                 : 0;
    default:
      return 0;
    }
}

bool
bh_refusal_may (uint64_t now)
{
  static uint64_t second;
  static unsigned sent;

  if (now / 1000 != second)
    {
      second = now / 1000;
      sent = 0;
    }
  return sent++ < BH_REFUSAL_RATE;
}
