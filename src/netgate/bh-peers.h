/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whom an AppVM talks to, and how much. */
#pragma once

#include "bh-frame.h"

/* Count @bytes from (@in) or to @peer. @now: ms, monotonic. The peer heard of longest ago makes room. */
void bh_peers_count (const BhPeerKey *peer, bool in, size_t bytes, uint64_t now);

/* Print the peers of the last @ms, a line each, into @out; returns how many bytes. */
size_t bh_peers_print (char *out, size_t size, uint64_t now, uint64_t ms);
