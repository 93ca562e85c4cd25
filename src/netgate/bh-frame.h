/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is in an Ethernet frame that a guest wrote, and whether it may go on. */
#pragma once

#include "bh-policy.h"

#define BH_FRAME_MAX 65550 /* the largest IP packet and an Ethernet header, rounded up */

typedef enum
{
  BH_FRAME_PASS,
  BH_FRAME_UNKNOWN, /* malformed, or of a kind that no AppVM needs */
  BH_FRAME_SPOOFED, /* not from the guest's own addresses */
  BH_FRAME_BLOCKED, /* to where it may not go */
  BH_FRAME_N_VERDICTS
} BhVerdict;

typedef struct
{
  BhAddress address; /* the other end */
  uint8_t protocol;  /* IPPROTO_TCP, _UDP, _ICMP or _ICMPV6; 0: not IP */
  uint16_t port;     /* the other end's; 0 with ICMP */
} BhPeerKey;

/* A frame from the guest. @peer: whom it is for; set with BH_FRAME_PASS and BH_FRAME_BLOCKED. */
BhVerdict bh_frame_check (const BhPolicy *policy, const uint8_t *frame, size_t length,
                          BhPeerKey *peer);

/* A frame for the guest: whom it is from; protocol 0 when that cannot be said. */
void bh_frame_describe (const uint8_t *frame, size_t length, BhPeerKey *peer);
