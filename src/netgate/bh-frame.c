/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is in an Ethernet frame that a guest wrote, and whether it may go on.
 *
 * Should: know exactly the few kinds of frames that a network interface with fixed addresses sends.
 * Mustn't: pass what it does not know (VLAN tags, IP options, fragments, extension headers, other
 * protocols, neighbour advertisements for others …): who reads it next might understand it otherwise.
 *
 * Every offset below is a constant that was compared with @length before. */
#include "bh-frame.h"

#include <netinet/in.h>
#include <string.h>

#define ETHERNET 14
#define ARP 28
#define IPV4 20
#define IPV6 40
#define TCP 20
#define UDP 8
#define ICMP 8
#define ND_TARGET 24    /* neighbour solicitation and advertisement, without options */
#define MOST_PADDING 46 /* to Ethernet's least length */

#define DHCP_CLIENT 68
#define DHCP_SERVER 67

#define TYPE_IPV4 0x0800
#define TYPE_ARP 0x0806
#define TYPE_IPV6 0x86dd

enum
{
  ECHO_V4 = 8,
  ECHO_REPLY_V4 = 0,
  ECHO_V6 = 128,
  ECHO_REPLY_V6 = 129,
  SOLICITATION = 135,
  ADVERTISEMENT = 136
};

static uint16_t
get16 (const uint8_t *p)
{
  return (uint16_t) (p[0] << 8 | p[1]);
}

static bool
is_one_of (const BhAddress *address, const BhAddress *list, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    if (bh_address_equal (address, &list[i]))
      return true;
  return false;
}

/* The guest asks who has its gateway's address, or tells who asks for its own. */
static BhVerdict
check_arp (const BhPolicy *policy, const uint8_t *p, size_t length)
{
  static const uint8_t head[6] = { 0, 1, 8, 0, 6, 4 }; /* Ethernet, IPv4 */
  BhAddress sender, target;
  unsigned operation;

  if (length < ARP || length > ARP + MOST_PADDING || memcmp (p, head, sizeof head) != 0)
    return BH_FRAME_UNKNOWN;
  operation = get16 (p + 6);
  sender = bh_address_v4 (p + 14);
  target = bh_address_v4 (p + 24);
  if (memcmp (p + 8, policy->mac, 6) != 0 || !is_one_of (&sender, policy->guest, policy->n_guest))
    return BH_FRAME_SPOOFED;
  if (operation != 1 && operation != 2)
    return BH_FRAME_UNKNOWN;
  return is_one_of (&target, policy->gateway, policy->n_gateway) ? BH_FRAME_PASS : BH_FRAME_BLOCKED;
}

/* The transport header's first bytes. @v6 tells which ICMP. */
static bool
read_transport (const uint8_t *p, size_t length, bool v6, BhPeerKey *peer, uint16_t *source)
{
  peer->port = *source = 0;
  switch (peer->protocol)
    {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
      if (length < (peer->protocol == IPPROTO_TCP ? TCP : UDP))
        return false;
      *source = get16 (p);
      peer->port = get16 (p + 2);
      return true;
    case IPPROTO_ICMP:
      return !v6 && length >= ICMP && (p[0] == ECHO_V4 || p[0] == ECHO_REPLY_V4) && p[1] == 0;
    case IPPROTO_ICMPV6:
      return v6 && length >= ICMP && (p[0] == ECHO_V6 || p[0] == ECHO_REPLY_V6) && p[1] == 0;
    default:
      return false;
    }
}

static bool
read_ipv4 (const uint8_t *p, size_t length, BhAddress *from, BhAddress *to, uint8_t *protocol,
           size_t *payload)
{
  size_t total;

  if (length < IPV4 || p[0] != 0x45 /* version 4, no options */)
    return false;
  total = get16 (p + 2);
  if (total < IPV4 || total > length || length - total > MOST_PADDING
      || (get16 (p + 6) & 0xbfff) != 0 /* all but "don't fragment" */)
    return false;
  *protocol = p[9];
  *from = bh_address_v4 (p + 12);
  *to = bh_address_v4 (p + 16);
  *payload = total - IPV4;
  return true;
}

static bool
read_ipv6 (const uint8_t *p, size_t length, BhAddress *from, BhAddress *to, uint8_t *protocol,
           size_t *payload)
{
  if (length < IPV6 || p[0] >> 4 != 6)
    return false;
  *payload = get16 (p + 4);
  if (*payload > length - IPV6 || length - IPV6 - *payload > MOST_PADDING)
    return false;
  *protocol = p[6];
  *from = bh_address_v6 (p + 8);
  *to = bh_address_v6 (p + 24);
  /* IPv4 in IPv6's clothes: a socket of the host's would take it for IPv4. */
  return !bh_address_is_v4 (from) && !bh_address_is_v4 (to);
}

/* RFC 2131: from nobody, or who it is already, to everybody. */
static bool
is_dhcp (const BhPolicy *policy, const BhAddress *from, const BhPeerKey *peer, uint16_t source)
{
  static const uint8_t nobody[4] = { 0 }, everybody[4] = { 255, 255, 255, 255 };
  BhAddress none = bh_address_v4 (nobody), all = bh_address_v4 (everybody);

  return policy->dhcp && peer->protocol == IPPROTO_UDP && source == DHCP_CLIENT && peer->port == DHCP_SERVER
         && bh_address_equal (&peer->address, &all)
         && (bh_address_equal (from, &none) || is_one_of (from, policy->guest, policy->n_guest));
}

static BhVerdict
check_ipv4 (const BhPolicy *policy, const uint8_t *p, size_t length, BhPeerKey *peer)
{
  BhAddress from;
  size_t payload;
  uint16_t source;

  if (!read_ipv4 (p, length, &from, &peer->address, &peer->protocol, &payload))
    return BH_FRAME_UNKNOWN;
  if (read_transport (p + IPV4, payload, false, peer, &source) && is_dhcp (policy, &from, peer, source))
    return BH_FRAME_PASS;
  if (!is_one_of (&from, policy->guest, policy->n_guest))
    return BH_FRAME_SPOOFED;
  if (!read_transport (p + IPV4, payload, false, peer, &source))
    return BH_FRAME_UNKNOWN;
  return bh_policy_allows (policy, &peer->address, peer->protocol, peer->port) ? BH_FRAME_PASS
                                                                               : BH_FRAME_BLOCKED;
}

/* IPv6's way of ARP. @p: the ICMPv6 message. */
static BhVerdict
check_discovery (const BhPolicy *policy, const uint8_t *p, size_t length, uint8_t hops,
                 const BhAddress *to)
{
  /* ff02::1:ff00:0/104, what a solicitation is sent to; ff02::1 is all of the link. */
  static const BhPrefix solicited = { .address.bytes = { 0xff, 2, [11] = 1, [12] = 0xff },
                                      .length = 104 };
  BhAddress target;

  if (length < ND_TARGET || length > ND_TARGET + 32 || hops != 255 || p[1] != 0)
    return BH_FRAME_UNKNOWN;
  target = bh_address_v6 (p + 8);
  if (p[0] == ADVERTISEMENT)
    return is_one_of (&target, policy->guest, policy->n_guest) ? BH_FRAME_PASS : BH_FRAME_SPOOFED;
  if (!is_one_of (&target, policy->gateway, policy->n_gateway))
    return BH_FRAME_BLOCKED;
  return bh_address_in (to, &solicited) || bh_address_equal (to, &target) ? BH_FRAME_PASS
                                                                          : BH_FRAME_UNKNOWN;
}

static BhVerdict
check_ipv6 (const BhPolicy *policy, const uint8_t *p, size_t length, BhPeerKey *peer)
{
  BhAddress from;
  size_t payload;
  uint16_t source;
  bool own;

  if (!read_ipv6 (p, length, &from, &peer->address, &peer->protocol, &payload))
    return BH_FRAME_UNKNOWN;
  own = is_one_of (&from, policy->guest, policy->n_guest);
  if (peer->protocol == IPPROTO_ICMPV6 && payload > 0
      && (p[IPV6] == SOLICITATION || p[IPV6] == ADVERTISEMENT))
    {
      uint8_t hops = p[7];
      BhAddress to = peer->address;

      peer->protocol = 0;
      /* Also from a link-local address: it goes no further than the link. */
      if (!own && !(from.bytes[0] == 0xfe && (from.bytes[1] & 0xc0) == 0x80))
        return BH_FRAME_SPOOFED;
      return check_discovery (policy, p + IPV6, payload, hops, &to);
    }
  if (!own)
    return BH_FRAME_SPOOFED;
  if (!read_transport (p + IPV6, payload, true, peer, &source))
    return BH_FRAME_UNKNOWN;
  return bh_policy_allows (policy, &peer->address, peer->protocol, peer->port) ? BH_FRAME_PASS
                                                                               : BH_FRAME_BLOCKED;
}

BhVerdict
bh_frame_check (const BhPolicy *policy, const uint8_t *frame, size_t length, BhPeerKey *peer)
{
  memset (peer, 0, sizeof *peer);
  if (length < ETHERNET || length > BH_FRAME_MAX)
    return BH_FRAME_UNKNOWN;
  if (memcmp (frame + 6, policy->mac, 6) != 0)
    return BH_FRAME_SPOOFED;
  switch (get16 (frame + 12))
    {
    case TYPE_ARP:
      return check_arp (policy, frame + ETHERNET, length - ETHERNET);
    case TYPE_IPV4:
      return check_ipv4 (policy, frame + ETHERNET, length - ETHERNET, peer);
    case TYPE_IPV6:
      return check_ipv6 (policy, frame + ETHERNET, length - ETHERNET, peer);
    default:
      return BH_FRAME_UNKNOWN;
    }
}

void
bh_frame_describe (const uint8_t *frame, size_t length, BhPeerKey *peer)
{
  BhAddress to;
  size_t payload;
  uint16_t source;
  bool v6, known = false;

  memset (peer, 0, sizeof *peer);
  if (length < ETHERNET)
    return;
  v6 = get16 (frame + 12) == TYPE_IPV6;
  if (v6)
    known = read_ipv6 (frame + ETHERNET, length - ETHERNET, &peer->address, &to, &peer->protocol,
                       &payload);
  else if (get16 (frame + 12) == TYPE_IPV4)
    known = read_ipv4 (frame + ETHERNET, length - ETHERNET, &peer->address, &to, &peer->protocol,
                       &payload);
  if (known && read_transport (frame + ETHERNET + (v6 ? IPV6 : IPV4), payload, v6, peer, &source))
    peer->port = source;
  else
    peer->protocol = 0;
}
