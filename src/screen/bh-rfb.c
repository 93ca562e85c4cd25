/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's side of RFB.
 *
 * Theory of operation: whatever has a fixed length is collected in head[] until it is complete, and then
 * looked at as a whole; pixels go straight to where they belong, row by row. A rectangle has to lie within the
 * screen before its first pixel is taken. */
#include "bh-rfb.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NAME 4096
#define MAX_SCREENS 16
#define MAX_CUT_TEXT (1u << 20)
#define VERSION_BYTES 12
#define POINTER_BYTES 6

/* RFC 6143, 7.7 and 7.8; QEMU's docs/interop/vnc-ledstate-pseudo-encoding.rst names its neighbours. */
enum
{
  ENCODING_RAW = 0,
  ENCODING_SIZE = -223,
  ENCODING_POINTER_KIND = -257,
  ENCODING_KEYS = -258,
  ENCODING_SIZE_EXTENDED = -308,
  ENCODING_CURSOR = -314,
};

static const int32_t encodings[] = { ENCODING_RAW,  ENCODING_SIZE,          ENCODING_POINTER_KIND,
                                     ENCODING_KEYS, ENCODING_SIZE_EXTENDED, ENCODING_CURSOR };

static unsigned
get_u16 (const uint8_t *p)
{
  return (unsigned) p[0] << 8 | p[1];
}

static uint32_t
get_u32 (const uint8_t *p)
{
  return (uint32_t) get_u16 (p) << 16 | get_u16 (p + 2);
}

static uint8_t *
put_u16 (uint8_t *p, unsigned value)
{
  p[0] = (uint8_t) (value >> 8);
  p[1] = (uint8_t) value;
  return p + 2;
}

static uint8_t *
put_u32 (uint8_t *p, uint32_t value)
{
  return put_u16 (put_u16 (p, value >> 16), value & 0xffff);
}

static void
fail (BhRfb *rfb, const char *why)
{
  if (!rfb->failed)
    rfb->failed = why;
}

static void
expect (BhRfb *rfb, BhRfbState state, unsigned bytes)
{
  rfb->state = state;
  rfb->need = bytes;
  rfb->have = 0;
}

static void
expect_skip (BhRfb *rfb, size_t bytes, BhRfbState then)
{
  rfb->state = BH_RFB_SKIP;
  rfb->skip = bytes;
  rfb->after_skip = then;
}

static void
say (BhRfb *rfb, const void *bytes, size_t len)
{
  if (rfb->failed)
    return;
  if (len > sizeof rfb->out - rfb->queued)
    {
      fail (rfb, "it does not read");
      return;
    }
  memcpy (rfb->out + rfb->queued, bytes, len);
  rfb->queued += len;
}

/* The screen. */

static void
set_size (BhRfb *rfb, unsigned width, unsigned height)
{
  uint8_t *pixels;

  if (width == 0 || height == 0 || width > BH_RFB_MAX_SIDE || height > BH_RFB_MAX_SIDE
      || (uint64_t) width * height > BH_RFB_MAX_PIXELS)
    {
      fail (rfb, "a screen of a size that none has");
      return;
    }
  pixels = calloc ((size_t) width * height, 4);
  if (!pixels)
    {
      fail (rfb, "no memory for its screen");
      return;
    }
  free (rfb->pixels);
  rfb->pixels = pixels;
  rfb->width = width;
  rfb->height = height;
  rfb->funcs->resized (rfb->data);
}

/* The rectangle is over. */
static void
next_rect (BhRfb *rfb)
{
  if (rfb->rects > 0)
    {
      rfb->rects--;
      expect (rfb, BH_RFB_RECT, 12);
      return;
    }
  expect (rfb, BH_RFB_MESSAGE, 1);
  rfb->funcs->updated (rfb->data);
}

static void
begin_rect (BhRfb *rfb, const uint8_t *head)
{
  BhRfbRect *rect = &rfb->rect;
  int32_t encoding = (int32_t) get_u32 (head + 8);

  *rect = (BhRfbRect){ get_u16 (head), get_u16 (head + 2), get_u16 (head + 4), get_u16 (head + 6) };
  rfb->at = 0;
  switch (encoding)
    {
    case ENCODING_RAW:
      if (rect->x + rect->width > rfb->width || rect->y + rect->height > rfb->height)
        fail (rfb, "pixels outside its screen");
      else if (rect->width == 0 || rect->height == 0)
        next_rect (rfb);
      else
        rfb->state = BH_RFB_PIXELS;
      break;
    case ENCODING_SIZE:
      set_size (rfb, rect->width, rect->height);
      next_rect (rfb);
      break;
    case ENCODING_SIZE_EXTENDED:
      expect (rfb, BH_RFB_SCREENS, 4);
      break;
    case ENCODING_POINTER_KIND:
      rfb->absolute = rect->x != 0;
      next_rect (rfb);
      break;
    case ENCODING_KEYS:
      next_rect (rfb);
      break;
    case ENCODING_CURSOR:
      expect (rfb, BH_RFB_CURSOR_KIND, 4);
      break;
    default:
      fail (rfb, "an encoding that was not asked for");
    }
}

static void
begin_screens (BhRfb *rfb, const uint8_t *head)
{
  const BhRfbRect *rect = &rfb->rect;
  unsigned screens = head[0];

  if (screens > MAX_SCREENS)
    {
      fail (rfb, "too many screens");
      return;
    }
  /* A refusal (@y) of what was asked for says the size as it was. */
  if (rect->y == 0 && (rect->width != rfb->width || rect->height != rfb->height))
    set_size (rfb, rect->width, rect->height);
  if (screens > 0)
    expect_skip (rfb, (size_t) screens * 16, BH_RFB_RECT);
  else
    next_rect (rfb);
}

static bool
cursor_fits (const BhRfbRect *rect)
{
  return rect->width <= BH_RFB_MAX_CURSOR && rect->height <= BH_RFB_MAX_CURSOR;
}

static void
end_cursor (BhRfb *rfb)
{
  const BhRfbRect *rect = &rfb->rect;
  size_t bytes = (size_t) rect->width * rect->height * 4;
  BhRfbCursor cursor = { .width = rect->width,
                         .height = rect->height,
                         .hot_x = rect->x < rect->width ? rect->x : 0,
                         .hot_y = rect->y < rect->height ? rect->y : 0,
                         .pixels = rfb->cursor };

  if (!cursor_fits (rect))
    cursor = (BhRfbCursor){ .too_large = true };
  else if (bytes == 0)
    cursor = (BhRfbCursor){ 0 };
  /* Whatever the guest calls premultiplied, no colour is stronger than its alpha. */
  for (size_t i = 0; cursor.pixels && i < bytes; i += 4)
    for (unsigned c = 0; c < 3; c++)
      if (rfb->cursor[i + c] > rfb->cursor[i + 3])
        rfb->cursor[i + c] = rfb->cursor[i + 3];
  rfb->funcs->cursor (rfb->data, &cursor);
  next_rect (rfb);
}

static void
begin_cursor (BhRfb *rfb, const uint8_t *head)
{
  const BhRfbRect *rect = &rfb->rect;

  if (get_u32 (head) != ENCODING_RAW)
    fail (rfb, "a cursor that is not as it was asked for");
  else if (rect->width > BH_RFB_MAX_SIDE || rect->height > BH_RFB_MAX_SIDE)
    fail (rfb, "a cursor of a size that none has");
  else if (rect->width == 0 || rect->height == 0)
    end_cursor (rfb);
  else
    rfb->state = BH_RFB_CURSOR;
}

/* Its words. */

static void
answer_init (BhRfb *rfb)
{
  /* 32 bits, 24 of them colour, little-endian, red at bit 16: as the compositor wants it. */
  static const uint8_t format[] = { 0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0 };
  uint8_t set[4 + sizeof encodings] = { 2, 0 }, *end = set + 2;

  say (rfb, format, sizeof format);
  end = put_u16 (end, sizeof encodings / sizeof *encodings);
  for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
    end = put_u32 (end, (uint32_t) encodings[i]);
  say (rfb, set, sizeof set);
}

static void
begin (BhRfb *rfb, const uint8_t *head)
{
  uint32_t name = get_u32 (head + 20);

  if (name > MAX_NAME)
    {
      fail (rfb, "a name that is too long");
      return;
    }
  expect_skip (rfb, name, BH_RFB_MESSAGE);
  if (name == 0)
    expect (rfb, BH_RFB_MESSAGE, 1);
  set_size (rfb, get_u16 (head), get_u16 (head + 2));
  answer_init (rfb);
}

static void
begin_message (BhRfb *rfb, unsigned type)
{
  switch (type)
    {
    case 0: /* FramebufferUpdate */
      expect (rfb, BH_RFB_UPDATE, 3);
      break;
    case 2: /* Bell */
      expect (rfb, BH_RFB_MESSAGE, 1);
      break;
    case 3: /* ServerCutText */
      expect (rfb, BH_RFB_CUT_TEXT, 7);
      break;
    default:
      fail (rfb, "a message of an unknown kind");
    }
}

/* RFC 6143, 7.1.2: only without a password; there is nobody else at this socket. */
static void
choose_security (BhRfb *rfb, const uint8_t *types, unsigned n)
{
  static const uint8_t none = 1;

  if (!memchr (types, none, n))
    {
      fail (rfb, "it asks for a password");
      return;
    }
  say (rfb, &none, 1);
  expect (rfb, BH_RFB_SECURITY_RESULT, 4);
}

static void
take_head (BhRfb *rfb)
{
  const uint8_t *head = rfb->head;

  switch (rfb->state)
    {
    case BH_RFB_VERSION:
      if (memcmp (head, "RFB 003.008\n", VERSION_BYTES) != 0)
        {
          fail (rfb, "not RFB 3.8");
          return;
        }
      say (rfb, head, VERSION_BYTES);
      expect (rfb, BH_RFB_SECURITY_COUNT, 1);
      break;
    case BH_RFB_SECURITY_COUNT:
      if (head[0] == 0)
        fail (rfb, "it refuses to be looked at");
      else
        expect (rfb, BH_RFB_SECURITY_TYPES, head[0]);
      break;
    case BH_RFB_SECURITY_TYPES:
      choose_security (rfb, head, rfb->need);
      break;
    case BH_RFB_SECURITY_RESULT:
      {
        static const uint8_t alone = 0; /* nobody else stays connected */

        if (get_u32 (head) != 0)
          fail (rfb, "it refuses to be looked at");
        say (rfb, &alone, 1);
        expect (rfb, BH_RFB_INIT, 24);
        break;
      }
    case BH_RFB_INIT:
      begin (rfb, head);
      break;
    case BH_RFB_MESSAGE:
      begin_message (rfb, head[0]);
      break;
    case BH_RFB_UPDATE:
      rfb->rects = get_u16 (head + 1);
      next_rect (rfb);
      break;
    case BH_RFB_RECT:
      begin_rect (rfb, head);
      break;
    case BH_RFB_SCREENS:
      begin_screens (rfb, head);
      break;
    case BH_RFB_CURSOR_KIND:
      begin_cursor (rfb, head);
      break;
    case BH_RFB_CUT_TEXT:
      if (get_u32 (head + 3) > MAX_CUT_TEXT)
        fail (rfb, "a text that is too long");
      else if (get_u32 (head + 3) > 0)
        expect_skip (rfb, get_u32 (head + 3), BH_RFB_MESSAGE);
      else
        expect (rfb, BH_RFB_MESSAGE, 1);
      break;
    default:
      fail (rfb, "out of step");
    }
}

/* Returns how many of @len bytes were pixels of the rectangle's row that is not complete. */
static size_t
take_pixels (BhRfb *rfb, const uint8_t *bytes, size_t len)
{
  const BhRfbRect *rect = &rfb->rect;
  size_t row = (size_t) rect->width * 4, y = rfb->at / row, x = rfb->at % row;
  size_t n = len < row - x ? len : row - x;

  memcpy (rfb->pixels + ((rect->y + y) * rfb->width + rect->x) * 4 + x, bytes, n);
  rfb->at += n;
  if (rfb->at == row * rect->height)
    {
      rfb->funcs->changed (rfb->data, rect);
      next_rect (rfb);
    }
  return n;
}

static size_t
take_cursor (BhRfb *rfb, const uint8_t *bytes, size_t len)
{
  size_t all = (size_t) rfb->rect.width * rfb->rect.height * 4;
  size_t n = len < all - rfb->at ? len : all - rfb->at;

  if (cursor_fits (&rfb->rect))
    memcpy (rfb->cursor + rfb->at, bytes, n);
  rfb->at += n;
  if (rfb->at == all)
    end_cursor (rfb);
  return n;
}

static size_t
take_skipped (BhRfb *rfb, size_t len)
{
  size_t n = len < rfb->skip ? len : rfb->skip;

  rfb->skip -= n;
  if (rfb->skip > 0)
    return n;
  if (rfb->after_skip == BH_RFB_RECT)
    next_rect (rfb);
  else
    expect (rfb, rfb->after_skip, 1);
  return n;
}

bool
bh_rfb_feed (BhRfb *rfb, const uint8_t *bytes, size_t len)
{
  while (len > 0 && !rfb->failed)
    {
      size_t n;

      switch (rfb->state)
        {
        case BH_RFB_PIXELS:
          n = take_pixels (rfb, bytes, len);
          break;
        case BH_RFB_CURSOR:
          n = take_cursor (rfb, bytes, len);
          break;
        case BH_RFB_SKIP:
          n = take_skipped (rfb, len);
          break;
        default:
          n = len < rfb->need - rfb->have ? len : rfb->need - rfb->have;
          memcpy (rfb->head + rfb->have, bytes, n);
          rfb->have += (unsigned) n;
          if (rfb->have == rfb->need)
            take_head (rfb);
        }
      bytes += n;
      len -= n;
    }
  return !rfb->failed;
}

void
bh_rfb_init (BhRfb *rfb, const BhRfbFuncs *funcs, void *data)
{
  memset (rfb, 0, sizeof *rfb);
  rfb->funcs = funcs;
  rfb->data = data;
  expect (rfb, BH_RFB_VERSION, VERSION_BYTES);
}

void
bh_rfb_clear (BhRfb *rfb)
{
  free (rfb->pixels);
  rfb->pixels = NULL;
}

/* Ours. */

void
bh_rfb_ask (BhRfb *rfb, bool all)
{
  uint8_t message[10] = { 3, !all };

  put_u16 (put_u16 (message + 6, rfb->width), rfb->height);
  say (rfb, message, sizeof message);
}

void
bh_rfb_ask_size (BhRfb *rfb, unsigned width, unsigned height)
{
  uint8_t message[24] = { 251, 0 };

  put_u16 (put_u16 (message + 2, width), height);
  message[6] = 1;
  put_u16 (put_u16 (message + 16, width), height);
  say (rfb, message, sizeof message);
}

void
bh_rfb_key (BhRfb *rfb, unsigned code, bool down)
{
  /* QEMU's extended key event; the symbol is left out, so that the guest's layout counts. */
  uint8_t message[12] = { 255, 0, 0, down };

  put_u32 (message + 8, code);
  say (rfb, message, sizeof message);
}

void
bh_rfb_pointer (BhRfb *rfb, unsigned buttons, int x, int y)
{
  uint8_t message[POINTER_BYTES] = { 5, (uint8_t) buttons };

  if (!rfb->absolute)
    {
      x += 0x7fff;
      y += 0x7fff;
    }
  put_u16 (put_u16 (message + 2, (unsigned) x & 0xffff), (unsigned) y & 0xffff);
  say (rfb, message, sizeof message);
}
