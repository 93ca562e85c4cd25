/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What bulkhead-netgate lets through: single frames against a policy like the service's. */
#include "bh-flow.h"
#include "bh-peers.h"
#include "bh-refusal.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char text[] = "open\n"
                           "mac 02:00:00:00:00:01\n"
                           "guest 192.0.0.2\n"
                           "guest fd62:756c:6b68::2\n"
                           "gateway 192.0.0.1\n"
                           "gateway fd62:756c:6b68::1\n"
                           "dns 192.168.1.1\n"
                           "dns-udp 192.0.0.1\n"
                           "block 127.0.0.0/8\n"
                           "block 192.168.0.0/16\n"
                           "block 10.0.0.0/8\n"
                           "block ::/8\n"
                           "block fc00::/7\n"
                           "block fe80::/10\n"
                           "block ff00::/8\n";
static BhPolicy policy;

typedef struct
{
  guint8 bytes[2048];
  gsize length;
} Frame;

static void
put16 (guint8 *p, guint value)
{
  p[0] = (guint8) (value >> 8);
  p[1] = (guint8) value;
}

static void
ethernet (Frame *frame, guint type)
{
  static const guint8 from[6] = { 2, 0, 0, 0, 0, 1 }, to[6] = { 2, 0, 0, 0, 0, 9 };

  memset (frame, 0, sizeof *frame);
  memcpy (frame->bytes, to, 6);
  memcpy (frame->bytes + 6, from, 6);
  put16 (frame->bytes + 12, type);
  frame->length = 14;
}

/* An IP packet from @from to @to with @payload bytes of @protocol, destination port @port. */
static void
ip (Frame *frame, const char *from, const char *to, guint protocol, guint port, gsize payload)
{
  gboolean v6 = strchr (to, ':') != NULL;
  guint8 *p = frame->bytes + 14, *transport;

  ethernet (frame, v6 ? 0x86dd : 0x0800);
  if (v6)
    {
      p[0] = 0x60;
      put16 (p + 4, (guint) payload);
      p[6] = (guint8) protocol;
      p[7] = 255;
      g_assert_cmpint (inet_pton (AF_INET6, from, p + 8), ==, 1);
      g_assert_cmpint (inet_pton (AF_INET6, to, p + 24), ==, 1);
      transport = p + 40;
      frame->length += 40 + payload;
    }
  else
    {
      p[0] = 0x45;
      put16 (p + 2, (guint) (20 + payload));
      p[6] = 0x40;
      p[9] = (guint8) protocol;
      g_assert_cmpint (inet_pton (AF_INET, from, p + 12), ==, 1);
      g_assert_cmpint (inet_pton (AF_INET, to, p + 16), ==, 1);
      transport = p + 20;
      frame->length += 20 + payload;
    }
  put16 (transport, 40000);
  put16 (transport + 2, port);
}

static BhVerdict
check (const Frame *frame, BhPeerKey *peer)
{
  /* An exact copy, so that a read past the end is seen. */
  g_autofree guint8 *exact = g_memdup2 (frame->bytes, frame->length);

  return bh_frame_check (&policy, exact, frame->length, peer);
}

#define GUEST4 "192.0.0.2"
#define GUEST6 "fd62:756c:6b68::2"

static void
test_destinations (void)
{
  const struct
  {
    const char *from, *to;
    guint protocol, port;
    BhVerdict verdict;
  } cases[] = {
    { GUEST4, "203.0.113.5", IPPROTO_TCP, 80, BH_FRAME_PASS },
    { GUEST4, "203.0.113.5", IPPROTO_UDP, 443, BH_FRAME_PASS },
    { GUEST6, "2001:db8::5", IPPROTO_TCP, 80, BH_FRAME_PASS },
    { GUEST6, "2001:db8::5", IPPROTO_UDP, 80, BH_FRAME_PASS },
    { GUEST4, "127.0.0.1", IPPROTO_TCP, 80, BH_FRAME_BLOCKED },
    { GUEST4, "10.255.255.255", IPPROTO_TCP, 80, BH_FRAME_BLOCKED },
    { GUEST4, "11.0.0.0", IPPROTO_TCP, 80, BH_FRAME_PASS },
    { GUEST4, "192.168.1.1", IPPROTO_TCP, 80, BH_FRAME_BLOCKED },
    /* the gateway offers nothing but names, and those by UDP */
    { GUEST4, "192.0.0.1", IPPROTO_TCP, 22, BH_FRAME_BLOCKED },
    { GUEST4, "192.0.0.1", IPPROTO_UDP, 53, BH_FRAME_PASS },
    { GUEST4, "192.0.0.1", IPPROTO_TCP, 53, BH_FRAME_BLOCKED },
    { GUEST6, "fd62:756c:6b68::1", IPPROTO_UDP, 53, BH_FRAME_BLOCKED },
    /* a name server in a blocked network, and its other ports */
    { GUEST4, "192.168.1.1", IPPROTO_UDP, 53, BH_FRAME_PASS },
    { GUEST4, "192.168.1.1", IPPROTO_TCP, 53, BH_FRAME_PASS },
    { GUEST4, "192.168.1.1", IPPROTO_UDP, 54, BH_FRAME_BLOCKED },
    { GUEST4, "192.168.1.2", IPPROTO_UDP, 53, BH_FRAME_BLOCKED },
    { GUEST6, "::1", IPPROTO_TCP, 80, BH_FRAME_BLOCKED },
    { GUEST6, "fe80::1", IPPROTO_TCP, 80, BH_FRAME_BLOCKED },
    { GUEST6, "ff02::fb", IPPROTO_UDP, 5353, BH_FRAME_BLOCKED },
    /* IPv4 in IPv6's clothes */
    { GUEST6, "::ffff:127.0.0.1", IPPROTO_TCP, 80, BH_FRAME_UNKNOWN },
    { GUEST6, "::ffff:203.0.113.5", IPPROTO_TCP, 80, BH_FRAME_UNKNOWN },
    { "::ffff:192.0.0.2", "2001:db8::5", IPPROTO_TCP, 80, BH_FRAME_UNKNOWN },
    { "192.0.0.3", "203.0.113.5", IPPROTO_TCP, 80, BH_FRAME_SPOOFED },
    { "fd62:756c:6b68::3", "2001:db8::5", IPPROTO_TCP, 80, BH_FRAME_SPOOFED },
    { "fe80::5", "2001:db8::5", IPPROTO_TCP, 80, BH_FRAME_SPOOFED },
    { GUEST4, "203.0.113.5", IPPROTO_SCTP, 80, BH_FRAME_UNKNOWN },
    { GUEST4, "203.0.113.5", IPPROTO_ICMPV6, 0, BH_FRAME_UNKNOWN },
    { GUEST6, "2001:db8::5", IPPROTO_FRAGMENT, 0, BH_FRAME_UNKNOWN },
    { GUEST6, "2001:db8::5", IPPROTO_ROUTING, 0, BH_FRAME_UNKNOWN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Frame frame;
      BhPeerKey peer;

      ip (&frame, cases[i].from, cases[i].to, cases[i].protocol, cases[i].port, 40);
      if (check (&frame, &peer) != cases[i].verdict)
        g_error ("case %u: %s port %u", i, cases[i].to, cases[i].port);
      if (cases[i].verdict == BH_FRAME_PASS)
        {
          char name[INET6_ADDRSTRLEN];

          bh_address_print (&peer.address, name, sizeof name);
          g_assert_cmpstr (name, ==, cases[i].to);
          g_assert_cmpuint (peer.port, ==, cases[i].port);
        }
    }
}

static void
test_malformed (void)
{
  Frame frame, good;
  BhPeerKey peer;

  ip (&good, GUEST4, "203.0.113.5", IPPROTO_TCP, 80, 40);
  g_assert_cmpint (check (&good, &peer), ==, BH_FRAME_PASS);
  for (gsize length = 0; length < good.length; length++)
    {
      frame = good;
      frame.length = length;
      g_assert_cmpint (check (&frame, &peer), !=, BH_FRAME_PASS);
    }
  frame = good;
  frame.bytes[6] ^= 4; /* another's hardware address */
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_SPOOFED);
  frame = good;
  frame.bytes[14] = 0x46; /* IP options */
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  frame = good;
  frame.bytes[20] = 0x20; /* more fragments */
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  frame = good;
  frame.bytes[21] = 1; /* a later fragment */
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  frame = good;
  put16 (frame.bytes + 16, 2000); /* longer than the frame */
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  frame = good;
  frame.length += 500; /* more behind the packet than padding */
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  frame = good;
  put16 (frame.bytes + 12, 0x8100); /* VLAN */
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  ip (&frame, GUEST4, "203.0.113.5", IPPROTO_TCP, 80, 19);
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  ip (&frame, GUEST6, "2001:db8::5", IPPROTO_UDP, 80, 7);
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
}

static void
arp (Frame *frame, guint operation, const char *sender, const char *target)
{
  static const guint8 head[6] = { 0, 1, 8, 0, 6, 4 };
  guint8 *p = frame->bytes + 14;

  ethernet (frame, 0x0806);
  memcpy (p, head, 6);
  put16 (p + 6, operation);
  memcpy (p + 8, frame->bytes + 6, 6);
  inet_pton (AF_INET, sender, p + 14);
  inet_pton (AF_INET, target, p + 24);
  frame->length += 28;
}

static void
discovery (Frame *frame, guint type, const char *to, const char *target)
{
  ip (frame, GUEST6, to, IPPROTO_ICMPV6, 0, 32);
  memset (frame->bytes + 54, 0, 32);
  frame->bytes[54] = (guint8) type;
  inet_pton (AF_INET6, target, frame->bytes + 62);
}

static void
test_neighbours (void)
{
  Frame frame;
  BhPeerKey peer;

  arp (&frame, 1, GUEST4, "192.0.0.1");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_PASS);
  g_assert_cmpuint (peer.protocol, ==, 0);
  arp (&frame, 1, GUEST4, "192.168.1.1");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_BLOCKED);
  arp (&frame, 1, "192.0.0.1", "192.0.0.1");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_SPOOFED);
  arp (&frame, 3, GUEST4, "192.0.0.1");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  frame.bytes[14 + 8] ^= 4;
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_SPOOFED);

  discovery (&frame, 135, "ff02::1:ff00:1", "fd62:756c:6b68::1");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_PASS);
  discovery (&frame, 135, "ff02::1:ff00:7", "fd62:756c:6b68::7");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_BLOCKED);
  discovery (&frame, 135, "2001:db8::5", "fd62:756c:6b68::1");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
  discovery (&frame, 136, "fd62:756c:6b68::1", GUEST6);
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_PASS);
  discovery (&frame, 136, "fd62:756c:6b68::1", "fd62:756c:6b68::1");
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_SPOOFED);
  /* router advertisement, redirect, and solicitation from too far away */
  discovery (&frame, 134, "ff02::1", "::");
  g_assert_cmpint (check (&frame, &peer), !=, BH_FRAME_PASS);
  discovery (&frame, 137, "fd62:756c:6b68::1", "::");
  g_assert_cmpint (check (&frame, &peer), !=, BH_FRAME_PASS);
  discovery (&frame, 135, "ff02::1:ff00:1", "fd62:756c:6b68::1");
  frame.bytes[14 + 7] = 254;
  g_assert_cmpint (check (&frame, &peer), ==, BH_FRAME_UNKNOWN);
}

static void
test_orders (void)
{
  const char *const bad[] = { "block 10.0.0.0\n",     "block 10.0.0.0/33\n", "block ::/129\n",
                              "block 10.0.0.0/-1\n",  "guest\n",             "guest 1.2.3\n",
                              "mac 02:00:00\n",       "permit 10.0.0.0/8\n", "mac 02:00:00:00:00:01x\n",
                              "guest 1.1.1.1\nguest 1.1.1.2\nguest 1.1.1.3\n" };
  BhPolicy before = policy;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bh_policy_read (bad[i], strlen (bad[i]), &policy));
  g_assert_cmpmem (&before, sizeof before, &policy, sizeof policy);
}

static gsize passed;

static bool
count (const uint8_t *frame, size_t length)
{
  passed++;
  return frame[0] != 'x';
}

/* Frames cut anywhere come out whole; refused ones do not come out. */
static void
test_flow (void)
{
  g_autofree BhFlow *flow = g_new0 (BhFlow, 1);
  guint8 stream[] = { 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 1, 'x', 0, 0, 0, 3, 'c', 'd', 'e' };
  const guint8 expected[] = { 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 3, 'c', 'd', 'e' };
  guint8 got[64];
  int in[2], out[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, in), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, out), ==, 0);
  for (gsize i = 0; i < sizeof stream; i++)
    {
      g_assert_cmpint (write (in[0], stream + i, 1), ==, 1);
      g_assert_cmpint (bh_flow_receive (flow, in[1], count), ==, BH_FLOW_OK);
      g_assert_cmpint (bh_flow_send (flow, out[0]), ==, BH_FLOW_OK);
    }
  g_assert_cmpuint (passed, ==, 3);
  g_assert_cmpint (read (out[1], got, sizeof got), ==, sizeof expected);
  g_assert_cmpmem (got, sizeof expected, expected, sizeof expected);
  memset (stream, 0xff, 4);
  g_assert_cmpint (write (in[0], stream, 4), ==, 4);
  g_assert_cmpint (bh_flow_receive (flow, in[1], count), ==, BH_FLOW_BROKEN);
  for (guint i = 0; i < 2; i++)
    {
      close (in[i]);
      close (out[i]);
    }
}

/* However many a guest talks to, the table stays as large as it is, and has the latest. */
static void
test_peers (void)
{
  BhPeerKey peer = { .protocol = IPPROTO_TCP, .port = 443 };
  g_autofree char *printed = g_malloc (65536);
  gsize n;

  for (guint i = 0; i < 100000; i++)
    {
      const guint8 address[4] = { 203, (guint8) (i >> 16), (guint8) (i >> 8), (guint8) i };

      peer.address = bh_address_v4 (address);
      bh_peers_count (&peer, FALSE, 100, 1000 + i);
    }
  bh_peers_count (&peer, TRUE, 7, 1000000);
  n = bh_peers_print (printed, 65536, 1000000, 10);
  g_assert_cmpuint (n, >, 0);
  printed[n] = '\0';
  g_assert_cmpstr (printed, ==, "peer tcp 203.1.134.159 443 7 100\n");
}

static guint
get16 (const guint8 *p)
{
  return (guint) p[0] << 8 | p[1];
}

/* RFC 1071: the sum of a good packet with its checksum is 0xffff. */
static guint
sum (guint total, const guint8 *p, gsize length)
{
  for (gsize i = 0; i + 1 < length; i += 2)
    total += get16 (p + i);
  while (total >> 16)
    total = (total & 0xffff) + (total >> 16);
  return total;
}

typedef struct
{
  guint8 bytes[BH_REFUSAL_MAX];
  gsize length;
  gboolean v6;
  guint protocol;
  char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
  const guint8 *transport;
} Refusal;

/* The answer to a frame that is blocked, and that it is a good packet for who sent that. */
static gboolean
refuse (const Frame *frame, Refusal *refusal)
{
  g_autofree guint8 *exact = g_memdup2 (frame->bytes, frame->length);
  const guint8 *ip = refusal->bytes + 14;
  gsize length;

  refusal->length = bh_refusal_write (&policy, exact, frame->length, refusal->bytes);
  if (refusal->length == 0)
    return FALSE;
  g_assert_cmpmem (refusal->bytes, 6, frame->bytes + 6, 6);
  g_assert_cmpmem (refusal->bytes + 6, 6, frame->bytes, 6);
  g_assert_cmpmem (refusal->bytes + 12, 2, frame->bytes + 12, 2);
  refusal->v6 = get16 (refusal->bytes + 12) == 0x86dd;
  refusal->transport = ip + (refusal->v6 ? 40 : 20);
  refusal->protocol = ip[refusal->v6 ? 6 : 9];
  inet_ntop (refusal->v6 ? AF_INET6 : AF_INET, ip + (refusal->v6 ? 8 : 12), refusal->from,
             sizeof refusal->from);
  inet_ntop (refusal->v6 ? AF_INET6 : AF_INET, ip + (refusal->v6 ? 24 : 16), refusal->to,
             sizeof refusal->to);
  length = refusal->length - (gsize) (refusal->transport - refusal->bytes);
  if (!refusal->v6)
    {
      g_assert_cmpuint (get16 (ip + 2), ==, 20 + length);
      g_assert_cmphex (sum (0, ip, 20), ==, 0xffff);
    }
  else
    g_assert_cmpuint (get16 (ip + 4), ==, length);
  if (refusal->v6 || refusal->protocol == IPPROTO_TCP)
    g_assert_cmphex (sum (sum ((guint) length + refusal->protocol, ip + (refusal->v6 ? 8 : 12),
                               refusal->v6 ? 32 : 8),
                          refusal->transport, length),
                     ==, 0xffff);
  else
    g_assert_cmphex (sum (0, refusal->transport, length), ==, 0xffff);
  return TRUE;
}

static void
test_refused_tcp (void)
{
  static const char *const targets[][2] = { { GUEST4, "10.0.0.1" },
                                             { GUEST6, "fd00::9" },
                                             { GUEST6, "64:ff9b::a00:1" } };

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      Frame frame;
      Refusal refusal;
      guint8 *tcp;

      ip (&frame, targets[i][0], targets[i][1], IPPROTO_TCP, 80, 20);
      tcp = frame.bytes + frame.length - 20;
      put16 (tcp + 4, 0x1234);
      put16 (tcp + 6, 0xffff);
      tcp[12] = 0x50;
      tcp[13] = 2; /* SYN: answered by RST and ACK of the next byte */
      g_assert_true (refuse (&frame, &refusal));
      g_assert_cmpstr (refusal.from, ==, targets[i][1]);
      g_assert_cmpstr (refusal.to, ==, targets[i][0]);
      g_assert_cmpuint (get16 (refusal.transport), ==, 80);
      g_assert_cmpuint (get16 (refusal.transport + 2), ==, 40000);
      g_assert_cmpuint (refusal.transport[13], ==, 0x14);
      g_assert_cmphex (get16 (refusal.transport + 8), ==, 0x1235);
      g_assert_cmphex (get16 (refusal.transport + 10), ==, 0);
      tcp[13] = 0x10; /* ACK: RST where it says the other end is */
      put16 (tcp + 8, 0x4321);
      g_assert_true (refuse (&frame, &refusal));
      g_assert_cmpuint (refusal.transport[13], ==, 4);
      g_assert_cmphex (get16 (refusal.transport + 4), ==, 0x4321);
      tcp[13] = 4; /* RST */
      g_assert_false (refuse (&frame, &refusal));
      tcp[13] = 2;
      tcp[12] = 0x60; /* a header that is longer than the packet */
      g_assert_false (refuse (&frame, &refusal));
    }
}

static void
test_refused_others (void)
{
  static const struct
  {
    const char *from, *to, *gateway;
    guint protocol, type;
    gboolean answered;
  } cases[] = {
    { GUEST4, "10.0.0.1", "192.0.0.1", IPPROTO_UDP, 0, TRUE },
    { GUEST6, "fd00::9", "fd62:756c:6b68::1", IPPROTO_UDP, 0, TRUE },
    { GUEST4, "10.0.0.1", "192.0.0.1", IPPROTO_ICMP, 8, TRUE },
    { GUEST6, "fd00::9", "fd62:756c:6b68::1", IPPROTO_ICMPV6, 128, TRUE },
    { GUEST4, "10.0.0.1", NULL, IPPROTO_ICMP, 0, FALSE }, /* an answer, and an error */
    { GUEST4, "10.0.0.1", NULL, IPPROTO_ICMP, 3, FALSE },
    { GUEST6, "fd00::9", NULL, IPPROTO_ICMPV6, 129, FALSE },
    { GUEST4, "224.0.0.251", NULL, IPPROTO_UDP, 0, FALSE },
    { GUEST4, "255.255.255.255", NULL, IPPROTO_UDP, 0, FALSE },
    { GUEST6, "ff02::fb", NULL, IPPROTO_UDP, 0, FALSE },
    { GUEST4, "10.0.0.1", NULL, IPPROTO_SCTP, 0, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Frame frame;
      Refusal refusal;
      gboolean v6 = strchr (cases[i].to, ':') != NULL;
      gsize header = v6 ? 40 : 20;

      ip (&frame, cases[i].from, cases[i].to, cases[i].protocol, 9, 30);
      if (cases[i].protocol != IPPROTO_UDP)
        put16 (frame.bytes + 14 + header, cases[i].type << 8);
      if (refuse (&frame, &refusal) != cases[i].answered)
        g_error ("case %u: %s", i, cases[i].to);
      if (cases[i].answered)
        {
          g_assert_cmpstr (refusal.from, ==, cases[i].gateway);
          g_assert_cmpstr (refusal.to, ==, cases[i].from);
          g_assert_cmpuint (get16 (refusal.transport), ==, v6 ? 0x101 : 0x30d);
          /* What it is about, so that the right program hears of it. */
          g_assert_cmpmem (refusal.transport + 8, header + 8, frame.bytes + 14, header + 8);
        }
      /* Cut anywhere, or for many by its hardware address. */
      frame.bytes[0] |= 1;
      g_assert_false (refuse (&frame, &refusal));
      frame.bytes[0] &= 0xfe;
      for (frame.length--; frame.length > 0; frame.length--)
        g_assert_false (refuse (&frame, &refusal));
    }
}

/* From nobody to everybody, and only where it is asked for. */
static void
test_dhcp (void)
{
  static const struct
  {
    const char *from, *to;
    guint source, port;
    BhVerdict with, without;
  } cases[] = {
    { "0.0.0.0", "255.255.255.255", 68, 67, BH_FRAME_PASS, BH_FRAME_SPOOFED },
    { GUEST4, "255.255.255.255", 68, 67, BH_FRAME_PASS, BH_FRAME_PASS /* what blocks it is not in this policy */ },
    { "0.0.0.0", "255.255.255.255", 69, 67, BH_FRAME_SPOOFED, BH_FRAME_SPOOFED },
    { "0.0.0.0", "255.255.255.255", 68, 68, BH_FRAME_SPOOFED, BH_FRAME_SPOOFED },
    { "0.0.0.0", "203.0.113.5", 68, 67, BH_FRAME_SPOOFED, BH_FRAME_SPOOFED },
    { "192.0.0.3", "255.255.255.255", 68, 67, BH_FRAME_SPOOFED, BH_FRAME_SPOOFED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Frame frame;
      BhPeerKey peer;

      ip (&frame, cases[i].from, cases[i].to, IPPROTO_UDP, cases[i].port, 240);
      put16 (frame.bytes + 34, cases[i].source);
      policy.dhcp = true;
      g_assert_cmpint (check (&frame, &peer), ==, cases[i].with);
      policy.dhcp = false;
      g_assert_cmpint (check (&frame, &peer), ==, cases[i].without);
    }
}

static void
test_refused_seldom (void)
{
  guint n = 0;

  for (guint i = 0; i < 3000; i++)
    n += bh_refusal_may (50000 + i);
  g_assert_cmpuint (n, ==, 3 * BH_REFUSAL_RATE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (bh_policy_read (text, strlen (text), &policy));
  g_test_add_func ("/frame/destinations", test_destinations);
  g_test_add_func ("/frame/dhcp", test_dhcp);
  g_test_add_func ("/frame/malformed", test_malformed);
  g_test_add_func ("/frame/neighbours", test_neighbours);
  g_test_add_func ("/frame/orders", test_orders);
  g_test_add_func ("/frame/flow", test_flow);
  g_test_add_func ("/frame/peers", test_peers);
  g_test_add_func ("/frame/refused-tcp", test_refused_tcp);
  g_test_add_func ("/frame/refused-others", test_refused_others);
  g_test_add_func ("/frame/refused-seldom", test_refused_seldom);
  return g_test_run ();
}
