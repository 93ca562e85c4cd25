/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Encoder and decoder for the table in bh-messages.h.
 *
 * Theory of operation: both walk a message's fields in order; a field's place in the struct follows
 * from its kind alone, because the structs are made from the same rows. The decoder never reads past
 * `len`, never allocates, and stops at the first field that breaks its limits. A message is valid only
 * when its fields use up its bytes exactly. Layout: no padding, little-endian; STR and BYTES are U32
 * length + bytes; LIST is U32 count, U32 bytes, then U16 length + bytes each; RECTS is U32 count + 16
 * bytes each. */
#include "bh-messages.h"

#include <stdalign.h>

#define FIELD_ROW(kind, name, a, b) { #name, BH_FIELD_##kind, (int64_t) (a), (int64_t) (b) },
#define BH_ROW(CONST, name, dir, stream)                                                           \
  static const BhField fields_##name[] = { BH_FIELDS_##name (FIELD_ROW){ NULL, 0, 0, 0 } };
BH_MESSAGES (BH_ROW)
#undef BH_ROW

static const BhMessageInfo messages[BH_N_MESSAGES] = {
#define BH_ROW(CONST, name, dir, stream)                                                           \
  [BH_MSG_##CONST] = { #name, BH_DIR_##dir, BH_STREAM_##stream, fields_##name,                     \
                       sizeof fields_##name / sizeof (BhField) - 1 },
  BH_MESSAGES (BH_ROW)
#undef BH_ROW
};

static const struct
{
  size_t size, align;
} kinds[] = {
  [BH_FIELD_U32] = { sizeof (uint32_t), alignof (uint32_t) },
  [BH_FIELD_I32] = { sizeof (int32_t), alignof (int32_t) },
  [BH_FIELD_U64] = { sizeof (uint64_t), alignof (uint64_t) },
  [BH_FIELD_STR] = { sizeof (BhStr), alignof (BhStr) },
  [BH_FIELD_BYTES] = { sizeof (BhBytes), alignof (BhBytes) },
  [BH_FIELD_LIST] = { sizeof (BhList), alignof (BhList) },
  [BH_FIELD_RECTS] = { sizeof (BhRects), alignof (BhRects) },
};

/* The place of the next field of @kind in a struct, as a C compiler lays it out. */
static size_t
place (size_t *offset, BhFieldKind kind)
{
  size_t at = (*offset + kinds[kind].align - 1) & ~(kinds[kind].align - 1);

  *offset = at + kinds[kind].size;
  return at;
}

const BhMessageInfo *
bh_message_info (unsigned type)
{
  return type > BH_MSG_INVALID && type < BH_N_MESSAGES ? &messages[type] : NULL;
}

const char *
bh_wire_status_name (BhWireStatus status)
{
  static const char *const names[BH_WIRE_N_STATUS] = {
    [BH_WIRE_OK] = "ok",
    [BH_WIRE_AGAIN] = "nothing complete yet",
    [BH_WIRE_CLOSED] = "closed by the other side",
    [BH_WIRE_FULL] = "queue full",
    [BH_WIRE_IO] = "input/output error",
    [BH_WIRE_UNKNOWN] = "unknown message",
    [BH_WIRE_DIRECTION] = "message of the other direction",
    [BH_WIRE_TRUNCATED] = "message cut short",
    [BH_WIRE_TRAILING] = "bytes after the last field",
    [BH_WIRE_LIMIT] = "field outside its limits",
    [BH_WIRE_TEXT] = "text is not clean UTF-8",
    [BH_WIRE_TOO_LONG] = "packet too long",
    [BH_WIRE_CREDIT] = "more sent than granted",
  };

  return status < BH_WIRE_N_STATUS ? names[status] : "unknown status";
}

size_t
bh_message_max_payload (unsigned type)
{
  const BhMessageInfo *info = bh_message_info (type);
  size_t total = 0;

  if (!info)
    return 0;
  for (unsigned i = 0; i < info->n_fields; i++)
    {
      const BhField *field = &info->fields[i];

      switch (field->kind)
        {
        case BH_FIELD_U32:
        case BH_FIELD_I32:
          total += 4;
          break;
        case BH_FIELD_U64:
          total += 8;
          break;
        case BH_FIELD_STR:
        case BH_FIELD_BYTES:
          total += 4 + (size_t) field->b;
          break;
        case BH_FIELD_LIST:
          total += 8 + BH_LIST_BYTES;
          break;
        case BH_FIELD_RECTS:
          total += 4 + (size_t) field->a * sizeof (BhRect);
          break;
        }
    }
  return total;
}

/* The length of the UTF-8 sequence at @p, 0 when there is none. Overlong forms, surrogates and
 * values past U+10FFFF are none (RFC 3629 section 4). */
static size_t
utf8_sequence (const uint8_t *p, size_t left)
{
  static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
  uint32_t value;
  size_t n;

  if (p[0] < 0x80)
    return p[0] >= 0x20 && p[0] != 0x7f ? 1 : (p[0] == '\t' || p[0] == '\n');
  if ((p[0] & 0xe0) == 0xc0)
    n = 2, value = p[0] & 0x1f;
  else if ((p[0] & 0xf0) == 0xe0)
    n = 3, value = p[0] & 0x0f;
  else if ((p[0] & 0xf8) == 0xf0)
    n = 4, value = p[0] & 0x07;
  else
    return 0;
  if (n > left)
    return 0;
  for (size_t i = 1; i < n; i++)
    {
      if ((p[i] & 0xc0) != 0x80)
        return 0;
      value = value << 6 | (p[i] & 0x3f);
    }
  if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
    return 0;
  return n;
}

bool
bh_wire_text_valid (const char *data, size_t len)
{
  for (size_t i = 0; i < len;)
    {
      size_t n = utf8_sequence ((const uint8_t *) data + i, len - i);

      if (n == 0)
        return false;
      i += n;
    }
  return true;
}

size_t
bh_wire_text_clean (const char *in, char *out, size_t size)
{
  size_t len = strlen (in), o = 0;

  for (size_t i = 0; i < len;)
    {
      size_t n = utf8_sequence ((const uint8_t *) in + i, len - i);

      if (o + (n ? n : 1) >= size)
        break;
      if (n)
        memcpy (out + o, in + i, n);
      else
        out[o] = '?';
      o += n ? n : 1;
      i += n ? n : 1;
    }
  if (size > 0)
    out[o] = '\0';
  return o;
}

static BhWireStatus
check_list (const BhField *field, const uint8_t *data, uint32_t len, uint32_t count)
{
  uint32_t at = 0;

  if (count > field->a || len > BH_LIST_BYTES)
    return BH_WIRE_LIMIT;
  for (uint32_t i = 0; i < count; i++)
    {
      uint32_t n;

      if (len - at < 2)
        return BH_WIRE_TRUNCATED;
      n = bh_get_u16 (data + at);
      at += 2;
      if (n > field->b)
        return BH_WIRE_LIMIT;
      if (len - at < n)
        return BH_WIRE_TRUNCATED;
      if (!bh_wire_text_valid ((const char *) data + at, n))
        return BH_WIRE_TEXT;
      at += n;
    }
  return at == len ? BH_WIRE_OK : BH_WIRE_TRAILING;
}

static BhWireStatus
check_rects (const BhField *field, const uint8_t *data, uint32_t count)
{
  BhRects rects = { data, count };

  if (count > field->a)
    return BH_WIRE_LIMIT;
  for (uint32_t i = 0; i < count; i++)
    {
      BhRect rect = bh_rects_get (&rects, i);

      if (rect.x < 0 || rect.y < 0 || rect.width <= 0 || rect.height <= 0
          || rect.x > BH_MAX_SIDE || rect.y > BH_MAX_SIDE || rect.width > BH_MAX_SIDE
          || rect.height > BH_MAX_SIDE)
        return BH_WIRE_LIMIT;
    }
  return BH_WIRE_OK;
}

/* Whether the value at @value keeps the limits of @field. One judge for both directions, so that what
 * one side can send the other accepts. */
static BhWireStatus
check_field (const BhField *field, const void *value)
{
  switch (field->kind)
    {
    case BH_FIELD_U32:
      {
        uint32_t v = *(const uint32_t *) value;

        return v >= field->a && v <= field->b ? BH_WIRE_OK : BH_WIRE_LIMIT;
      }
    case BH_FIELD_I32:
      {
        int32_t v = *(const int32_t *) value;

        return v >= field->a && v <= field->b ? BH_WIRE_OK : BH_WIRE_LIMIT;
      }
    case BH_FIELD_U64:
      return *(const uint64_t *) value <= (uint64_t) field->b ? BH_WIRE_OK : BH_WIRE_LIMIT;
    case BH_FIELD_STR:
      {
        const BhStr *v = value;

        if (v->len < field->a || v->len > field->b)
          return BH_WIRE_LIMIT;
        return bh_wire_text_valid (v->data, v->len) ? BH_WIRE_OK : BH_WIRE_TEXT;
      }
    case BH_FIELD_BYTES:
      {
        const BhBytes *v = value;

        return v->len >= field->a && v->len <= field->b ? BH_WIRE_OK : BH_WIRE_LIMIT;
      }
    case BH_FIELD_LIST:
      {
        const BhList *v = value;

        return check_list (field, v->data, v->len, v->count);
      }
    case BH_FIELD_RECTS:
      {
        const BhRects *v = value;

        return check_rects (field, v->data, v->count);
      }
    }
  return BH_WIRE_LIMIT;
}

size_t
bh_message_measure (BhMessageType type, const void *msg, BhWireStatus *status)
{
  const BhMessageInfo *info = bh_message_info (type);
  size_t offset = 0, total = 0;

  *status = info ? BH_WIRE_OK : BH_WIRE_UNKNOWN;
  for (unsigned i = 0; info && i < info->n_fields; i++)
    {
      const BhField *field = &info->fields[i];
      const void *value = (const char *) msg + place (&offset, field->kind);

      *status = check_field (field, value);
      if (*status != BH_WIRE_OK)
        return 0;
      switch (field->kind)
        {
        case BH_FIELD_U32:
        case BH_FIELD_I32:
          total += 4;
          break;
        case BH_FIELD_U64:
          total += 8;
          break;
        case BH_FIELD_STR:
          total += 4 + (size_t) ((const BhStr *) value)->len;
          break;
        case BH_FIELD_BYTES:
          total += 4 + (size_t) ((const BhBytes *) value)->len;
          break;
        case BH_FIELD_LIST:
          total += 8 + (size_t) ((const BhList *) value)->len;
          break;
        case BH_FIELD_RECTS:
          total += 4 + (size_t) ((const BhRects *) value)->count * sizeof (BhRect);
          break;
        }
    }
  return total;
}

static uint8_t *
put_block (uint8_t *out, const void *data, size_t len)
{
  if (len > 0)
    memcpy (out, data, len);
  return out + len;
}

size_t
bh_message_encode (BhMessageType type, const void *msg, uint8_t *out)
{
  const BhMessageInfo *info = bh_message_info (type);
  uint8_t *p = out;
  size_t offset = 0;

  for (unsigned i = 0; info && i < info->n_fields; i++)
    {
      const BhField *field = &info->fields[i];
      const void *value = (const char *) msg + place (&offset, field->kind);

      switch (field->kind)
        {
        case BH_FIELD_U32:
        case BH_FIELD_I32:
          p = put_block (p, value, 4);
          break;
        case BH_FIELD_U64:
          p = put_block (p, value, 8);
          break;
        case BH_FIELD_STR:
          {
            const BhStr *v = value;

            bh_put_u32 (p, v->len);
            p = put_block (p + 4, v->data, v->len);
            break;
          }
        case BH_FIELD_BYTES:
          {
            const BhBytes *v = value;

            bh_put_u32 (p, v->len);
            p = put_block (p + 4, v->data, v->len);
            break;
          }
        case BH_FIELD_LIST:
          {
            const BhList *v = value;

            bh_put_u32 (p, v->count);
            bh_put_u32 (p + 4, v->len);
            p = put_block (p + 8, v->data, v->len);
            break;
          }
        case BH_FIELD_RECTS:
          {
            const BhRects *v = value;

            bh_put_u32 (p, v->count);
            p = put_block (p + 4, v->data, v->count * sizeof (BhRect));
            break;
          }
        }
    }
  return (size_t) (p - out);
}

typedef struct
{
  const uint8_t *data;
  size_t left;
} Cursor;

/* The next @len bytes, NULL when there are not as many. */
static const uint8_t *
take (Cursor *cursor, size_t len)
{
  const uint8_t *p = cursor->data;

  if (len > cursor->left)
    return NULL;
  cursor->data += len;
  cursor->left -= len;
  return p;
}

static BhWireStatus
decode_field (const BhField *field, Cursor *in, void *value)
{
  const uint8_t *p;

  switch (field->kind)
    {
    case BH_FIELD_U32:
    case BH_FIELD_I32:
      if (!(p = take (in, 4)))
        return BH_WIRE_TRUNCATED;
      memcpy (value, p, 4);
      break;
    case BH_FIELD_U64:
      if (!(p = take (in, 8)))
        return BH_WIRE_TRUNCATED;
      memcpy (value, p, 8);
      break;
    case BH_FIELD_STR:
    case BH_FIELD_BYTES:
      {
        uint32_t len;

        if (!(p = take (in, 4)))
          return BH_WIRE_TRUNCATED;
        len = bh_get_u32 (p);
        if (len > field->b)
          return BH_WIRE_LIMIT;
        if (!(p = take (in, len)))
          return BH_WIRE_TRUNCATED;
        if (field->kind == BH_FIELD_STR)
          *(BhStr *) value = (BhStr){ (const char *) p, len };
        else
          *(BhBytes *) value = (BhBytes){ p, len };
        break;
      }
    case BH_FIELD_LIST:
      {
        uint32_t count, len;

        if (!(p = take (in, 8)))
          return BH_WIRE_TRUNCATED;
        count = bh_get_u32 (p);
        len = bh_get_u32 (p + 4);
        if (!(p = take (in, len)))
          return BH_WIRE_TRUNCATED;
        *(BhList *) value = (BhList){ p, len, count };
        break;
      }
    case BH_FIELD_RECTS:
      {
        uint32_t count;

        if (!(p = take (in, 4)))
          return BH_WIRE_TRUNCATED;
        count = bh_get_u32 (p);
        if (count > field->a)
          return BH_WIRE_LIMIT;
        if (!(p = take (in, count * sizeof (BhRect))))
          return BH_WIRE_TRUNCATED;
        *(BhRects *) value = (BhRects){ p, count };
        break;
      }
    }
  return check_field (field, value);
}

BhWireStatus
bh_message_decode (BhDirection from, unsigned type, const uint8_t *payload, size_t len,
                   BhMessage *out)
{
  const BhMessageInfo *info = bh_message_info (type);
  Cursor in = { payload, len };
  size_t offset = 0;

  if (!info)
    return BH_WIRE_UNKNOWN;
  if (!(info->direction & from))
    return BH_WIRE_DIRECTION;

  out->type = type;
  for (unsigned i = 0; i < info->n_fields; i++)
    {
      const BhField *field = &info->fields[i];
      BhWireStatus status
          = decode_field (field, &in, (char *) &out->hello + place (&offset, field->kind));

      if (status != BH_WIRE_OK)
        return status;
    }
  return in.left == 0 ? BH_WIRE_OK : BH_WIRE_TRAILING;
}

BhRect
bh_rects_get (const BhRects *rects, uint32_t index)
{
  BhRect rect;

  memcpy (&rect, rects->data + (size_t) index * sizeof rect, sizeof rect);
  return rect;
}

bool
bh_list_next (const BhList *list, size_t *position, BhStr *item)
{
  uint32_t n;

  if (*position + 2 > list->len)
    return false;
  n = bh_get_u16 (list->data + *position);
  if (n > list->len - *position - 2)
    return false;
  *item = (BhStr){ (const char *) list->data + *position + 2, n };
  *position += 2 + (size_t) n;
  return true;
}

bool
bh_list_pack (const char *const *items, size_t n, uint8_t *buffer, size_t size, BhList *out)
{
  size_t at = 0;

  for (size_t i = 0; i < n; i++)
    {
      size_t len = strlen (items[i]);

      if (len > UINT16_MAX || at + 2 + len > size)
        return false;
      bh_put_u16 (buffer + at, (uint16_t) len);
      memcpy (buffer + at + 2, items[i], len);
      at += 2 + len;
    }
  *out = (BhList){ buffer, (uint32_t) at, (uint32_t) n };
  return true;
}
