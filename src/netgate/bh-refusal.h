/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a guest is told of a packet that may not go on, so that its programs need not wait. */
#pragma once

#include "bh-frame.h"

/* Ethernet, IPv6 and ICMPv6 headers, and what is quoted. */
#define BH_REFUSAL_MAX 160

/**
 * bh_refusal_write:
 * @frame: for which bh_frame_check() said BH_FRAME_BLOCKED
 *
 * The answer to it, for the guest: of TCP a reset as from the other end, else ICMP's "administratively prohibited" as
 * from the gateway (RFC 9293 section 3.10.7.1, RFC 1812 section 5.2.7.1, RFC 4443 section 3.1).
 * Returns: its length; 0: this is not answered
 */
size_t bh_refusal_write (const BhPolicy *policy, const uint8_t *frame, size_t length,
                         uint8_t out[BH_REFUSAL_MAX]);

/* Whether one more may be sent at @now (ms, monotonic): at most BH_REFUSAL_RATE a second. */
#define BH_REFUSAL_RATE 100
bool bh_refusal_may (uint64_t now);
