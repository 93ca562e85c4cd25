/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A frozen guest's device state, as a QEMU takes it that is told nothing but where it is.
 *
 * What is read here of QEMU's stream (docs/devel/migration.rst, migration/savevm.c, migration/ram.c); numbers are big
 * endian, a text is its length in one byte and so many bytes:
 *
 *   u32 "QEVM", u32 3
 *   u8 7 (configuration), u32 length, the machine's type
 *   any number of: u8 5 (subsection), text name, u32 version, content
 *     "configuration/capabilities": u32 number, as many texts
 *     "configuration/target-page-bits": u32
 *   u8 1 (start of a section), u32 id, text "ram", u32 instance, u32 4
 *     u64 sum of the blocks' sizes | 4
 *     until the sum is reached: text name, u64 size, with x-ignore-shared u64 address
 *   the rest */
#include "config.h"

#include "bh-state-patch.h"

#include <string.h>

#include "bh-error.h"

#define MAGIC 0x5145564d /* "QEVM" */
#define VERSION 3
#define RAM_VERSION 4
#define RAM_SIZES 4 /* RAM_SAVE_FLAG_MEM_SIZE */
#define FLAGS 0xfff /* below a page */
enum
{
  SECTION_START = 1,
  SUBSECTION = 5,
  CONFIGURATION = 7
};
#define CAPABILITY "x-ignore-shared"

typedef struct
{
  const guint8 *in;
  gsize size, at;
  GByteArray *out;
  const char *wrong;
} Stream;

/* The next @size bytes; NULL when there are fewer, or something was wrong before. */
static const guint8 *
take (Stream *stream, gsize size)
{
  const guint8 *start = stream->in + stream->at;

  if (stream->wrong)
    return NULL;
  if (size > stream->size - stream->at)
    {
      stream->wrong = "ends too early";
      return NULL;
    }
  stream->at += size;
  return start;
}

static guint64
take_number (Stream *stream, gsize size)
{
  const guint8 *bytes = take (stream, size);
  guint64 number = 0;

  for (gsize i = 0; bytes && i < size; i++)
    number = number << 8 | bytes[i];
  return number;
}

static void
expect (Stream *stream, gsize size, guint64 number, const char *otherwise)
{
  if (take_number (stream, size) != number && !stream->wrong)
    stream->wrong = otherwise;
}

static gboolean
take_text (Stream *stream, const char *text)
{
  gsize length = (gsize) take_number (stream, 1);
  const guint8 *bytes = take (stream, length);

  return bytes && length == strlen (text) && memcmp (bytes, text, length) == 0;
}

/* What was taken since @start stays. */
static void
keep (Stream *stream, gsize start)
{
  if (!stream->wrong)
    g_byte_array_append (stream->out, stream->in + start, (guint) (stream->at - start));
}

static void
take_capabilities (Stream *stream)
{
  expect (stream, 4, 1, "has another version of capabilities");
  expect (stream, 4, 1, "has other capabilities");
  if (!take_text (stream, CAPABILITY) && !stream->wrong)
    stream->wrong = "has another capability";
}

static void
read_configuration (Stream *stream)
{
  gsize start = stream->at;

  expect (stream, 4, MAGIC, "is none");
  expect (stream, 4, VERSION, "has another version");
  expect (stream, 1, CONFIGURATION, "has no configuration");
  take (stream, (gsize) take_number (stream, 4));
  keep (stream, start);
  while (!stream->wrong && stream->at < stream->size && stream->in[stream->at] == SUBSECTION)
    {
      Stream ahead = *stream;

      start = stream->at++;
      ahead.at++;
      if (take_text (&ahead, "configuration/capabilities"))
        {
          stream->at = ahead.at;
          take_capabilities (stream);
        }
      else if (take_text (stream, "configuration/target-page-bits"))
        {
          take (stream, 2 * 4);
          keep (stream, start);
        }
      else if (!stream->wrong)
        stream->wrong = "has an unknown configuration";
    }
}

static void
read_blocks (Stream *stream)
{
  gsize start = stream->at;
  guint64 sum;

  expect (stream, 1, SECTION_START, "does not start with memory");
  take (stream, 4);
  if (!take_text (stream, "ram") && !stream->wrong)
    stream->wrong = "does not start with memory";
  expect (stream, 4, 0, "has several memories");
  expect (stream, 4, RAM_VERSION, "has another version of memory");
  sum = take_number (stream, 8);
  if (!stream->wrong && (sum & FLAGS) != RAM_SIZES)
    stream->wrong = "does not say how large its memory is";
  keep (stream, start);
  for (sum &= ~(guint64) FLAGS; sum > 0 && !stream->wrong;)
    {
      guint64 size;

      start = stream->at;
      take (stream, (gsize) take_number (stream, 1));
      size = take_number (stream, 8);
      if (!stream->wrong && (size == 0 || size > sum))
        stream->wrong = "has blocks of wrong sizes";
      keep (stream, start);
      take (stream, 8);
      sum -= size;
    }
}

gsize
bh_state_patch (guint8 *state, gsize size, GError **error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  Stream stream = { .in = state, .size = size, .out = out };

  read_configuration (&stream);
  read_blocks (&stream);
  if (!stream.wrong && out->len == stream.at)
    stream.wrong = "was not written with " CAPABILITY;
  if (stream.wrong)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "QEMU's state %s", stream.wrong);
      return 0;
    }
  memmove (state + out->len, state + stream.at, size - stream.at);
  memcpy (state, out->data, out->len);
  return out->len + size - stream.at;
}
