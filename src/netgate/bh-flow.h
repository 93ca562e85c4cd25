/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One direction of frames, as QEMU's stream netdev and passt write them: 4 bytes of length in network
 * order, then the frame. */
#pragma once

#include "bh-frame.h"

#define BH_FLOW_BYTES (256u << 10)

typedef struct
{
  uint8_t in[BH_FLOW_BYTES], out[BH_FLOW_BYTES];
  size_t in_length, out_start, out_end;
} BhFlow;

typedef enum
{
  BH_FLOW_OK,
  BH_FLOW_CLOSED, /* the other end, or an error of the socket */
  BH_FLOW_BROKEN  /* a length that no frame has */
} BhFlowStatus;

/* Decides about one frame: whether it goes on. */
typedef bool (*BhFlowCheck) (const uint8_t *frame, size_t length);

/* Whether there is room for what comes, and something to send. */
bool bh_flow_wants_in (const BhFlow *flow);
bool bh_flow_wants_out (const BhFlow *flow);

/* Read what has come from @fd, and let @check choose what of it goes out. */
BhFlowStatus bh_flow_receive (BhFlow *flow, int fd, BhFlowCheck check);
/* The same for what was read before and did not fit. */
BhFlowStatus bh_flow_sort (BhFlow *flow, BhFlowCheck check);
BhFlowStatus bh_flow_send (BhFlow *flow, int fd);

/* One frame more to go out, of less than 64 KiB; none when there is no room for it. */
void bh_flow_add (BhFlow *flow, const uint8_t *frame, size_t length);

/* Forget everything: the next byte, in and out, begins a frame. */
void bh_flow_reset (BhFlow *flow);
/* Forget only what was to go out. */
void bh_flow_drop_out (BhFlow *flow);
