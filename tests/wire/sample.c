/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Valid messages made from the table. */
#include "sample.h"

#include <string.h>

static size_t
sample_block (uint8_t *out, size_t len)
{
  bh_put_u32 (out, (uint32_t) len);
  memset (out + 4, 'x', len);
  return 4 + len;
}

static size_t
sample_list (const BhField *field, SampleKind kind, uint8_t *out)
{
  size_t at = 0, item = (size_t) field->b, count = 0;

  while (kind == SAMPLE_MOST && count < (size_t) field->a && at + 2 + item <= BH_LIST_BYTES)
    {
      bh_put_u16 (out + 8 + at, (uint16_t) item);
      memset (out + 8 + at + 2, 'y', item);
      at += 2 + item;
      count++;
    }
  bh_put_u32 (out, (uint32_t) count);
  bh_put_u32 (out + 4, (uint32_t) at);
  return 8 + at;
}

static size_t
sample_rects (const BhField *field, SampleKind kind, uint8_t *out)
{
  uint32_t count = kind == SAMPLE_MOST ? (uint32_t) field->a : 0;
  const BhRect rect = { 0, BH_MAX_SIDE, 1, BH_MAX_SIDE };

  bh_put_u32 (out, count);
  for (uint32_t i = 0; i < count; i++)
    memcpy (out + 4 + i * sizeof rect, &rect, sizeof rect);
  return 4 + count * sizeof rect;
}

static size_t
sample_field (const BhField *field, SampleKind kind, uint8_t *out)
{
  int64_t limit = kind == SAMPLE_MOST ? field->b : field->a;

  switch (field->kind)
    {
    case BH_FIELD_U32:
    case BH_FIELD_I32:
      bh_put_u32 (out, (uint32_t) limit);
      return 4;
    case BH_FIELD_U64:
      bh_put_u64 (out, kind == SAMPLE_MOST ? (uint64_t) field->b : 0);
      return 8;
    case BH_FIELD_STR:
    case BH_FIELD_BYTES:
      return sample_block (out, (size_t) limit);
    case BH_FIELD_LIST:
      return sample_list (field, kind, out);
    case BH_FIELD_RECTS:
      return sample_rects (field, kind, out);
    }
  return 0;
}

size_t
sample_field_offset (unsigned type, SampleKind kind, unsigned index)
{
  static uint8_t scratch[4 << 20];
  const BhMessageInfo *info = bh_message_info (type);
  size_t at = 0;

  for (unsigned i = 0; i < index; i++)
    at += sample_field (&info->fields[i], kind, scratch);
  return at;
}

size_t
sample_payload (unsigned type, SampleKind kind, uint8_t *out)
{
  const BhMessageInfo *info = bh_message_info (type);
  size_t at = 0;

  for (unsigned i = 0; i < info->n_fields; i++)
    at += sample_field (&info->fields[i], kind, out + at);
  return at;
}
