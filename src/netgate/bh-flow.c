/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One direction of frames. */
#include "bh-flow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER 4

bool
bh_flow_wants_in (const BhFlow *flow)
{
  return flow->in_length < BH_FLOW_BYTES - (BH_FRAME_MAX + HEADER);
}

bool
bh_flow_wants_out (const BhFlow *flow)
{
  return flow->out_start < flow->out_end;
}

void
bh_flow_reset (BhFlow *flow)
{
  flow->in_length = 0;
  bh_flow_drop_out (flow);
}

void
bh_flow_drop_out (BhFlow *flow)
{
  flow->out_start = flow->out_end = 0;
}

/* Room for @size bytes more at the end of what goes out? */
static bool
make_room (BhFlow *flow, size_t size)
{
  if (BH_FLOW_BYTES - flow->out_end >= size)
    return true;
  memmove (flow->out, flow->out + flow->out_start, flow->out_end - flow->out_start);
  flow->out_end -= flow->out_start;
  flow->out_start = 0;
  return BH_FLOW_BYTES - flow->out_end >= size;
}

void
bh_flow_add (BhFlow *flow, const uint8_t *frame, size_t length)
{
  uint8_t *p;

  if (!make_room (flow, HEADER + length))
    return;
  p = flow->out + flow->out_end;
  p[0] = p[1] = 0;
  p[2] = (uint8_t) (length >> 8);
  p[3] = (uint8_t) length;
  memcpy (p + HEADER, frame, length);
  flow->out_end += HEADER + length;
}

BhFlowStatus
bh_flow_sort (BhFlow *flow, BhFlowCheck check)
{
  size_t at = 0;

  while (flow->in_length - at >= HEADER)
    {
      const uint8_t *p = flow->in + at;
      size_t length = (size_t) p[0] << 24 | (size_t) p[1] << 16 | (size_t) p[2] << 8 | p[3];

      if (length == 0 || length > BH_FRAME_MAX)
        return BH_FLOW_BROKEN;
      if (flow->in_length - at < HEADER + length || !make_room (flow, HEADER + length))
        break;
      if (check (p + HEADER, length))
        {
          memcpy (flow->out + flow->out_end, p, HEADER + length);
          flow->out_end += HEADER + length;
        }
      at += HEADER + length;
    }
  flow->in_length -= at;
  if (at > 0)
    memmove (flow->in, flow->in + at, flow->in_length);
  return BH_FLOW_OK;
}

BhFlowStatus
bh_flow_receive (BhFlow *flow, int fd, BhFlowCheck check)
{
  ssize_t n;

  if (flow->in_length >= BH_FLOW_BYTES)
    return BH_FLOW_OK;
  n = recv (fd, flow->in + flow->in_length, BH_FLOW_BYTES - flow->in_length, MSG_DONTWAIT);
  if (n == 0)
    return BH_FLOW_CLOSED;
  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? BH_FLOW_OK : BH_FLOW_CLOSED;
  flow->in_length += (size_t) n;
  return bh_flow_sort (flow, check);
}

BhFlowStatus
bh_flow_send (BhFlow *flow, int fd)
{
  ssize_t n;

  if (!bh_flow_wants_out (flow))
    return BH_FLOW_OK;
  n = send (fd, flow->out + flow->out_start, flow->out_end - flow->out_start,
            MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? BH_FLOW_OK : BH_FLOW_CLOSED;
  flow->out_start += (size_t) n;
  if (flow->out_start == flow->out_end)
    bh_flow_drop_out (flow);
  return BH_FLOW_OK;
}
