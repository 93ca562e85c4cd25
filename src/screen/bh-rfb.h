/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's side of RFB (RFC 6143, and the extensions of QEMU's ui/vnc.c): what QEMU says of the screen of a
 * virtual machine, and what it is told of keyboard and pointer.
 *
 * Should: take bytes in pieces of any size, and end for good at the first that QEMU, in its right mind, does not
 * send: a guest may have taken it over. Mustn't: keep more than one screen and one cursor, repair, or guess.
 *
 * Only what was asked for is understood: 32-bit pixels as they are, a new size, the cursor's picture, and whether
 * the pointer is told where it is or how far it went. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No screen is larger: on a side, and in all (64 MiB). */
#define BH_RFB_MAX_SIDE 8192
#define BH_RFB_MAX_PIXELS (16u << 20)
/* No larger cursor is kept; the host's own is shown then. */
#define BH_RFB_MAX_CURSOR 128
/* What waits to be sent. */
#define BH_RFB_OUT 65536

typedef struct
{
  unsigned x, y, width, height;
} BhRfbRect;

typedef struct
{
  unsigned width, height; /* 0: it is hidden, or too large to be shown (@too_large) */
  unsigned hot_x, hot_y;
  bool too_large;
  const uint8_t *pixels; /* ARGB8888 premultiplied, for the time of the call */
} BhRfbCursor;

typedef struct
{
  /* The screen is this large from now on, and black. */
  void (*resized) (void *data);
  void (*changed) (void *data, const BhRfbRect *rect);
  void (*cursor) (void *data, const BhRfbCursor *cursor);
  /* What was asked for has come, whole. */
  void (*updated) (void *data);
} BhRfbFuncs;

typedef enum
{
  BH_RFB_VERSION,
  BH_RFB_SECURITY_COUNT,
  BH_RFB_SECURITY_TYPES,
  BH_RFB_SECURITY_RESULT,
  BH_RFB_INIT,
  BH_RFB_MESSAGE,
  BH_RFB_UPDATE,
  BH_RFB_RECT,
  BH_RFB_PIXELS,
  BH_RFB_SCREENS,
  BH_RFB_CURSOR_KIND,
  BH_RFB_CURSOR,
  BH_RFB_CUT_TEXT,
  BH_RFB_SKIP,
} BhRfbState;

typedef struct
{
  const BhRfbFuncs *funcs;
  void *data;
  const char *failed; /* why; nothing is taken any more */
  BhRfbState state;
  uint8_t head[256]; /* what is not complete yet */
  unsigned have, need;

  uint8_t *pixels; /* XRGB8888, width × 4 bytes a row */
  unsigned width, height;
  bool absolute; /* the pointer is told where it is */

  unsigned rects; /* still to come */
  BhRfbRect rect;
  size_t at;   /* bytes of it that have come */
  size_t skip; /* bytes to come that mean nothing */
  BhRfbState after_skip;
  uint8_t cursor[BH_RFB_MAX_CURSOR * BH_RFB_MAX_CURSOR * 4];

  uint8_t out[BH_RFB_OUT];
  size_t queued;
} BhRfb;

void bh_rfb_init (BhRfb *rfb, const BhRfbFuncs *funcs, void *data);
void bh_rfb_clear (BhRfb *rfb);

/* What QEMU said. False: rfb->failed says what was wrong with it. */
bool bh_rfb_feed (BhRfb *rfb, const uint8_t *bytes, size_t len);

/* All below puts words into rfb->out; what does not fit any more makes it fail. */

/* Ask for what has changed, or for @all. Answered by one "updated". */
void bh_rfb_ask (BhRfb *rfb, bool all);
/* Ask for another size; a guest may follow or not. */
void bh_rfb_ask_size (BhRfb *rfb, unsigned width, unsigned height);
/* @code: as bh_scancode_of() has it. */
void bh_rfb_key (BhRfb *rfb, unsigned code, bool down);
/* @buttons: bits of RFC 6143, 7.5.5. Without rfb->absolute @x and @y are how far it went. */
void bh_rfb_pointer (BhRfb *rfb, unsigned buttons, int x, int y);
