/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of messages: every row is encoded, decoded, cut at every length and pushed over each of
 * its limits. */
#include "sample.h"

#include <glib.h>

static uint8_t payload[4 << 20], again[4 << 20];

/* Decode a copy of exactly @len bytes, so that ASan sees a read past the end. */
static BhWireStatus
decode_exact (unsigned type, const uint8_t *bytes, size_t len, BhMessage *out, uint8_t **copy)
{
  *copy = g_malloc (len ? len : 1);
  memcpy (*copy, bytes, len);
  return bh_message_decode (bh_message_info (type)->direction, type, *copy, len, out);
}

static BhWireStatus
decode_status (unsigned type, const uint8_t *bytes, size_t len)
{
  g_autofree uint8_t *copy = NULL;
  BhMessage message;

  return decode_exact (type, bytes, len, &message, &copy);
}

static void
test_round_trip (void)
{
  for (unsigned type = 1; type < BH_N_MESSAGES; type++)
    for (SampleKind kind = SAMPLE_LEAST; kind <= SAMPLE_MOST; kind++)
      {
        size_t len = sample_payload (type, kind, payload), measured;
        g_autofree uint8_t *copy = NULL;
        BhWireStatus status;
        BhMessage message;

        g_assert_cmpuint (len, <=, bh_message_max_payload (type));
        g_assert_cmpint (decode_exact (type, payload, len, &message, &copy), ==, BH_WIRE_OK);
        g_assert_cmpint (message.type, ==, type);
        measured = bh_message_measure (type, &message.hello, &status);
        g_assert_cmpint (status, ==, BH_WIRE_OK);
        g_assert_cmpuint (measured, ==, len);
        g_assert_cmpuint (bh_message_encode (type, &message.hello, again), ==, len);
        g_assert_cmpmem (again, len, payload, len);
      }
}

static void
test_cut_at_every_length (void)
{
  for (unsigned type = 1; type < BH_N_MESSAGES; type++)
    for (SampleKind kind = SAMPLE_LEAST; kind <= SAMPLE_MOST; kind++)
      {
        size_t len = sample_payload (type, kind, payload);
        /* Past a few thousand bytes only the body of a block is cut: steps keep the test short. */
        for (size_t cut = 0; cut < len; cut += cut < 4096 || len - cut < 64 ? 1 : 61)
          g_assert_cmpint (decode_status (type, payload, cut), ==, BH_WIRE_TRUNCATED);
        payload[len] = 0;
        g_assert_cmpint (decode_status (type, payload, len + 1), ==, BH_WIRE_TRAILING);
      }
}

/* One value past each limit must be refused, in both directions of the codec. */
static void
test_limits (void)
{
  for (unsigned type = 1; type < BH_N_MESSAGES; type++)
    {
      const BhMessageInfo *info = bh_message_info (type);

      for (unsigned i = 0; i < info->n_fields; i++)
        {
          const BhField *field = &info->fields[i];
          size_t len = sample_payload (type, SAMPLE_LEAST, payload);
          size_t at = sample_field_offset (type, SAMPLE_LEAST, i);

          if (field->kind == BH_FIELD_U32 && field->b < UINT32_MAX)
            bh_put_u32 (payload + at, (uint32_t) field->b + 1);
          else if (field->kind == BH_FIELD_U32 && field->a > 0)
            bh_put_u32 (payload + at, (uint32_t) field->a - 1);
          else if (field->kind == BH_FIELD_I32)
            bh_put_u32 (payload + at, (uint32_t) (field->b + 1));
          else if (field->kind == BH_FIELD_U64 && (uint64_t) field->b < UINT64_MAX)
            bh_put_u64 (payload + at, (uint64_t) field->b + 1);
          else if (field->kind == BH_FIELD_STR || field->kind == BH_FIELD_BYTES)
            bh_put_u32 (payload + at, (uint32_t) field->b + 1);
          else if (field->kind == BH_FIELD_LIST || field->kind == BH_FIELD_RECTS)
            bh_put_u32 (payload + at, (uint32_t) field->a + 1);
          else
            continue;
          g_assert_cmpint (decode_status (type, payload, len), ==, BH_WIRE_LIMIT);

          if (field->kind == BH_FIELD_I32 || (field->kind == BH_FIELD_U32 && field->a > 0))
            {
              bh_put_u32 (payload + at, (uint32_t) (field->a - 1));
              g_assert_cmpint (decode_status (type, payload, len), ==, BH_WIRE_LIMIT);
            }
        }
    }
}

static void
test_hostile_lengths (void)
{
  const uint32_t lengths[] = { UINT32_MAX, UINT32_MAX - 3, 0x80000000u, 0x7fffffffu };

  for (unsigned type = 1; type < BH_N_MESSAGES; type++)
    {
      const BhMessageInfo *info = bh_message_info (type);

      for (unsigned i = 0; i < info->n_fields; i++)
        for (size_t n = 0; n < G_N_ELEMENTS (lengths); n++)
          {
            size_t len = sample_payload (type, SAMPLE_MOST, payload);
            size_t at = sample_field_offset (type, SAMPLE_MOST, i);

            if (info->fields[i].kind < BH_FIELD_STR)
              continue;
            bh_put_u32 (payload + at, lengths[n]);
            g_assert_cmpint (decode_status (type, payload, len), !=, BH_WIRE_OK);
            if (info->fields[i].kind == BH_FIELD_LIST)
              {
                sample_payload (type, SAMPLE_MOST, payload);
                bh_put_u32 (payload + at + 4, lengths[n]);
                g_assert_cmpint (decode_status (type, payload, len), !=, BH_WIRE_OK);
              }
          }
    }
}

static void
test_list_items (void)
{
  const char *argv[] = { "/bin/echo", "", "ä" };
  uint8_t buffer[64];
  BhList list;
  size_t position = 0;
  BhStr item;

  g_assert_true (bh_list_pack (argv, 3, buffer, sizeof buffer, &list));
  for (size_t i = 0; i < 3; i++)
    {
      g_assert_true (bh_list_next (&list, &position, &item));
      g_assert_cmpmem (item.data, item.len, argv[i], strlen (argv[i]));
    }
  g_assert_false (bh_list_next (&list, &position, &item));
  g_assert_false (bh_list_pack (argv, 3, buffer, 8, &list));
}

static void
test_direction_and_type (void)
{
  BhMessage message;

  g_assert_cmpint (bh_message_decode (BH_DIR_G, BH_MSG_LAUNCH, NULL, 0, &message), ==,
                   BH_WIRE_DIRECTION);
  g_assert_cmpint (bh_message_decode (BH_DIR_H, BH_MSG_HELLO, NULL, 0, &message), ==,
                   BH_WIRE_DIRECTION);
  g_assert_cmpint (bh_message_decode (BH_DIR_G, 0, NULL, 0, &message), ==, BH_WIRE_UNKNOWN);
  g_assert_cmpint (bh_message_decode (BH_DIR_G, BH_N_MESSAGES, NULL, 0, &message), ==,
                   BH_WIRE_UNKNOWN);
}

static void
test_text (void)
{
  static const struct
  {
    const char *text;
    gsize len;
    gboolean valid;
  } cases[] = {
    { "plain", 5, TRUE },         { "tab\tline\n", 9, TRUE },    { "\xc3\xa4", 2, TRUE },
    { "\xf0\x9f\x90\xa2", 4, TRUE }, { "a\0b", 3, FALSE },       { "\x1b[31m", 5, FALSE },
    { "\x7f", 1, FALSE },         { "\xc0\xaf", 2, FALSE },      { "\xe0\x80\xaf", 3, FALSE },
    { "\xed\xa0\x80", 3, FALSE }, { "\xf4\x90\x80\x80", 4, FALSE }, { "\xc3", 1, FALSE },
    { "\x80", 1, FALSE },         { "\xff", 1, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *copy = g_memdup2 (cases[i].text, cases[i].len);
      char cleaned[16];

      g_assert_cmpint (bh_wire_text_valid (copy, cases[i].len), ==, cases[i].valid);
      if (memchr (cases[i].text, 0, cases[i].len))
        continue;
      bh_wire_text_clean (cases[i].text, cleaned, sizeof cleaned);
      g_assert_true (bh_wire_text_valid (cleaned, strlen (cleaned)));
    }
}

static void
test_clean_cuts_between_characters (void)
{
  char out[5];

  g_assert_cmpuint (bh_wire_text_clean ("ab\xc3\xa4\xc3\xa4", out, sizeof out), ==, 4);
  g_assert_cmpstr (out, ==, "ab\xc3\xa4");
  g_assert_cmpuint (bh_wire_text_clean ("abc\xc3\xa4", out, sizeof out), ==, 3);
}

static void
test_checked_arithmetic (void)
{
  uint64_t out = 7;

  g_assert_false (bh_add_u64 (UINT64_MAX, 1, &out));
  g_assert_false (bh_mul_u64 (UINT64_MAX, 2, &out));
  g_assert_cmpuint (out, ==, 7);
  g_assert_true (bh_picture_fits (10, 10, 40, 400));
  g_assert_true (bh_picture_fits (10, 10, 48, 9 * 48 + 40));
  g_assert_false (bh_picture_fits (10, 10, 48, 9 * 48 + 39));
  g_assert_false (bh_picture_fits (10, 10, 39, 4000));
  g_assert_false (bh_picture_fits (0, 10, 40, 4000));
  g_assert_false (bh_picture_fits (1, UINT64_MAX, UINT64_MAX, UINT64_MAX));
  g_assert_true (bh_range_fits (10, 0, 10));
  g_assert_false (bh_range_fits (11, 0, 10));
  g_assert_false (bh_range_fits (UINT64_MAX, 2, 10));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messages/round-trip", test_round_trip);
  g_test_add_func ("/messages/cut-at-every-length", test_cut_at_every_length);
  g_test_add_func ("/messages/limits", test_limits);
  g_test_add_func ("/messages/hostile-lengths", test_hostile_lengths);
  g_test_add_func ("/messages/list-items", test_list_items);
  g_test_add_func ("/messages/direction-and-type", test_direction_and_type);
  g_test_add_func ("/text/valid", test_text);
  g_test_add_func ("/text/clean-cuts-between-characters", test_clean_cuts_between_characters);
  g_test_add_func ("/checked/arithmetic", test_checked_arithmetic);
  return g_test_run ();
}
