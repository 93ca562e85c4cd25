/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzz target: whatever a file may hold that is said to be an exported AppVM; read up to its home, and with it. What
 * is sealed is not tried: making its key takes a second, and nobody gets past it who does not have it. */
#include "config.h"

#include "bh-archive.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTOR 512

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct
{
  guint64 size, at;
  guint begun;
} Sink;

#define NEED(what)                                                                                 \
  if (!(what))                                                                                     \
  abort ()

static gboolean
begin (const BhArchive *archive, gpointer data, GError **error)
{
  Sink *sink = data;

  NEED (++sink->begun == 1 && archive->settings && archive->digest);
  NEED (archive->home_used <= archive->home_size);
  sink->size = archive->home_size;
  return TRUE;
}

/* In their order, and within the disk. */
static gboolean
piece (guint64 offset, const guint8 *bytes, gsize n, gpointer data, GError **error)
{
  static guint8 copy[BH_ARCHIVE_PIECE_MAX];
  Sink *sink = data;

  NEED (sink->begun == 1 && n > 0 && n <= BH_ARCHIVE_PIECE_MAX);
  NEED (n % SECTOR == 0 && offset % SECTOR == 0 && offset >= sink->at);
  NEED (offset <= sink->size && n <= sink->size - offset);
  memcpy (copy, bytes, n);
  sink->at = offset + n;
  return TRUE;
}

static void
check (const BhArchive *archive, const GError *error)
{
  GHashTableIter iter;
  gpointer key, value;

  NEED ((archive == NULL) == (error != NULL));
  if (!archive)
    return;
  NEED (!archive->sealed && archive->digest && strlen (archive->digest) == 64);
  g_hash_table_iter_init (&iter, archive->settings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const BhKey *known = bh_keys_find (key);

      NEED (known && g_utf8_validate (value, -1, NULL));
      NEED (!known->command || g_strcmp0 (value, known->fallback) == 0);
    }
}

#ifdef BH_FUZZER
/* Sums of headers are made good again, or hardly anything would get past them. */

#define SUM_AT 148
#define SUM_SIZE 8
#define LENGTH_AT 124
#define LENGTH_SIZE 12

size_t LLVMFuzzerMutate (uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned seed);

static void
mend_header (uint8_t *header)
{
  char text[SUM_SIZE];
  unsigned sum = 0;

  memset (header + SUM_AT, ' ', SUM_SIZE);
  for (size_t i = 0; i < SECTOR; i++)
    sum += header[i];
  g_snprintf (text, sizeof text, "%06o", sum);
  memcpy (header + SUM_AT, text, SUM_SIZE - 1);
}

size_t
LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
  size_t at = 0;

  size = LLVMFuzzerMutate (data, size, max_size);
  while (size - at >= SECTOR && data[at] != 0)
    {
      char length[LENGTH_SIZE + 1] = "";
      guint64 skip;

      mend_header (data + at);
      memcpy (length, data + at + LENGTH_AT, LENGTH_SIZE);
      skip = SECTOR + (g_ascii_strtoull (length, NULL, 8) + SECTOR - 1) / SECTOR * SECTOR;
      if (skip > size - at)
        break;
      at += skip;
    }
  return size;
}
#endif

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  /* Also what GLib only complains of is a fault. */
  const GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL);
  int fd = memfd_create ("archive", MFD_CLOEXEC);
  Sink taken = { 0 };
  const BhArchiveSink sink = { .begin = begin, .piece = piece, .data = &taken };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) whole_error = NULL;
  g_autoptr (BhArchive) archive = NULL;
  g_autoptr (BhArchive) whole = NULL;

  NEED (fd >= 0 && write (fd, data, size) == (ssize_t) size);
  archive = bh_archive_read (fd, NULL, NULL, &error);
  check (archive, error);
  whole = bh_archive_read (fd, NULL, &sink, &whole_error);
  check (whole, whole_error);
  /* What was seen first is what is made. */
  if (whole)
    NEED (archive && g_str_equal (archive->digest, whole->digest)
          && archive->home_size == whole->home_size);
  close (fd);
  g_log_set_always_fatal (fatal);
  return 0;
}
