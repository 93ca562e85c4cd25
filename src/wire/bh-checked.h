/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checked arithmetic and little-endian access for bytes that nobody vouches for.
 *
 * Rule: a size or offset that came from the other side is only ever added or multiplied through
 * these functions. They return false on overflow and leave the result untouched. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire format is the memory format of little-endian machines"
#endif

static inline bool
bh_add_u64 (uint64_t a, uint64_t b, uint64_t *out)
{
  uint64_t r;

  if (__builtin_add_overflow (a, b, &r))
    return false;
  *out = r;
  return true;
}

static inline bool
bh_mul_u64 (uint64_t a, uint64_t b, uint64_t *out)
{
  uint64_t r;

  if (__builtin_mul_overflow (a, b, &r))
    return false;
  *out = r;
  return true;
}

/* Whether a picture of @width × @height pixels of 4 bytes with @stride lies in @size bytes.
 * The last row needs only its pixels, not its whole stride (wayland.xml, wl_shm_pool.create_buffer). */
static inline bool
bh_picture_fits (uint64_t width, uint64_t height, uint64_t stride, uint64_t size)
{
  uint64_t row, body, end;

  if (width == 0 || height == 0 || !bh_mul_u64 (width, 4, &row) || stride < row)
    return false;
  return bh_mul_u64 (stride, height - 1, &body) && bh_add_u64 (body, row, &end) && end <= size;
}

/* Whether [@offset, @offset + @length) lies in [0, @size). */
static inline bool
bh_range_fits (uint64_t offset, uint64_t length, uint64_t size)
{
  uint64_t end;

  return bh_add_u64 (offset, length, &end) && end <= size;
}

static inline uint16_t
bh_get_u16 (const uint8_t *p)
{
  uint16_t v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline uint32_t
bh_get_u32 (const uint8_t *p)
{
  uint32_t v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline uint64_t
bh_get_u64 (const uint8_t *p)
{
  uint64_t v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline void
bh_put_u16 (uint8_t *p, uint16_t v)
{
  memcpy (p, &v, sizeof v);
}

static inline void
bh_put_u32 (uint8_t *p, uint32_t v)
{
  memcpy (p, &v, sizeof v);
}

static inline void
bh_put_u64 (uint8_t *p, uint64_t v)
{
  memcpy (p, &v, sizeof v);
}
