/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzz target: whatever a QEMU that a guest has taken over may say of its screen to bulkhead-screen. Taken at once
 * and byte by byte it has to mean the same, and no rectangle may be outside the screen. */
#include "bh-rfb.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct
{
  BhRfb rfb;
  uint64_t sum;
} Seen;

static void
note (Seen *seen, uint64_t what)
{
  seen->sum = (seen->sum ^ what) * 0x100000001b3ull;
}

static void
resized (void *data)
{
  Seen *seen = data;

  if ((uint64_t) seen->rfb.width * seen->rfb.height > BH_RFB_MAX_PIXELS)
    abort ();
  note (seen, (uint64_t) seen->rfb.width << 32 | seen->rfb.height);
}

static void
changed (void *data, const BhRfbRect *rect)
{
  Seen *seen = data;

  if (rect->x + rect->width > seen->rfb.width || rect->y + rect->height > seen->rfb.height)
    abort ();
  note (seen, (uint64_t) rect->x << 48 | (uint64_t) rect->y << 32 | rect->width << 16 | rect->height);
}

static void
cursor (void *data, const BhRfbCursor *shown)
{
  Seen *seen = data;

  note (seen, (uint64_t) shown->width << 32 | shown->height);
  for (size_t i = 0; shown->pixels && i < (size_t) shown->width * shown->height * 4; i++)
    note (seen, shown->pixels[i]);
}

static void
updated (void *data)
{
  note (data, 1);
  ((Seen *) data)->rfb.queued = 0; /* it reads */
}

static const BhRfbFuncs funcs = { resized, changed, cursor, updated };

static uint64_t
feed (const uint8_t *data, size_t size, size_t piece)
{
  Seen *seen = calloc (1, sizeof *seen);
  uint64_t sum;

  bh_rfb_init (&seen->rfb, &funcs, seen);
  for (size_t at = 0; at < size; at += piece)
    if (!bh_rfb_feed (&seen->rfb, data + at, size - at < piece ? size - at : piece))
      break;
  note (seen, seen->rfb.failed ? (uint64_t) strlen (seen->rfb.failed) : 0);
  note (seen, seen->rfb.state);
  sum = seen->sum;
  bh_rfb_clear (&seen->rfb);
  free (seen);
  return sum;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  uint64_t whole = feed (data, size, size ? size : 1);

  if (feed (data, size, 1) != whole || feed (data, size, 7) != whole)
    abort ();
  return 0;
}
