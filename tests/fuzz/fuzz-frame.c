/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzz target: whatever frame a guest may send to bulkhead-netgate. The first byte chooses what is done with the rest: a
 * frame, a policy, or a stream of frames. What passes must be from the guest and not to a blocked address, looked at in a
 * way of its own. */
#include "bh-flow.h"
#include "bh-peers.h"
#include "bh-refusal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char text[] = "open\nmac 02:00:00:00:00:01\nguest 192.0.0.2\nguest fd62::2\n"
                           "gateway 192.0.0.1\ngateway fd62::1\ndns-udp 192.0.0.1\n"
                           "block 0.0.0.0/1\nblock ::/1\nblock fc00::/6\n";
static BhPolicy policy;

/* With this policy: IPv4 from 128.0.0.0 on and IPv6 from 8000:: on, but names. */
static void
must_be_allowed (const uint8_t *frame, const BhPeerKey *peer)
{
  if (memcmp (frame + 6, "\2\0\0\0\0\1", 6) != 0)
    abort ();
  if (peer->protocol == 0)
    return;
  if (peer->protocol != IPPROTO_TCP && peer->protocol != IPPROTO_UDP
      && peer->protocol != IPPROTO_ICMP && peer->protocol != IPPROTO_ICMPV6)
    abort ();
  if (frame[12] == 8 ? !(frame[30] & 0x80) : !(frame[38] & 0x80))
    abort ();
  if (memcmp (frame + (frame[12] == 8 ? 26 : 22), frame[12] == 8 ? "\300\0\0\2" : "\375\142\0\0",
              4)
      != 0)
    abort ();
}

/* For the guest's hardware address, from what it had written to, and never an answer to itself. */
static void
refuse (const uint8_t *frame, size_t length)
{
  uint8_t answer[BH_REFUSAL_MAX], more[BH_REFUSAL_MAX];
  size_t n = bh_refusal_write (&policy, frame, length, answer);

  if (n > BH_REFUSAL_MAX)
    abort ();
  if (n > 0
      && (memcmp (answer, frame + 6, 6) != 0 || memcmp (answer + 6, frame, 6) != 0
          || bh_refusal_write (&policy, answer, n, more) != 0))
    abort ();
}

static bool
check (const uint8_t *frame, size_t length)
{
  BhPeerKey peer;
  BhVerdict verdict = bh_frame_check (&policy, frame, length, &peer);
  bool passes = verdict == BH_FRAME_PASS;

  if (verdict == BH_FRAME_BLOCKED)
    refuse (frame, length);
  if (passes)
    {
      must_be_allowed (frame, &peer);
      bh_peers_count (&peer, false, length, 1);
    }
  bh_frame_describe (frame, length, &peer);
  bh_peers_count (&peer, true, length, 2);
  return passes;
}

static void
flow (const uint8_t *data, size_t size)
{
  static BhFlow flow;

  bh_flow_reset (&flow);
  while (size > 0)
    {
      size_t n = size < BH_FLOW_BYTES - flow.in_length ? size : BH_FLOW_BYTES - flow.in_length;

      memcpy (flow.in + flow.in_length, data, n);
      flow.in_length += n;
      data += n;
      size -= n;
      if (bh_flow_sort (&flow, check) != BH_FLOW_OK)
        return;
      bh_flow_drop_out (&flow);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static char out[4096];
  BhPolicy other;

  if (size == 0)
    return 0;
  if (!bh_policy_read (text, sizeof text - 1, &policy))
    abort ();
  if (data[0] == 'p')
    bh_policy_read ((const char *) data + 1, size - 1, &other);
  else if (data[0] == 's')
    flow (data + 1, size - 1);
  else
    check (data + 1, size - 1);
  bh_peers_print (out, sizeof out, 3, 10);
  return 0;
}
