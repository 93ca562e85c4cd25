/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies between memfds and files, without the empty pages and with a checksum. */
#include "config.h"

#include "bh-frozen-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-error.h"

#define PAGE 4096
#define CHUNK (256 * 1024)

/* What is done with a page that is not empty, or with each empty one. */
typedef gboolean (*PageFunc) (int fd, const guint8 *page, gsize length, guint64 offset);

static gboolean
is_empty (const guint8 *page, gsize length)
{
  return page[0] == 0 && memcmp (page, page + 1, length - 1) == 0;
}

/* Against accidents, not against people (who could write the checksum too), so that it may be fast: a step
 * is a permutation of the sum, and so no change of one word goes unnoticed. */
static guint64
add_to_sum (guint64 sum, const guint8 *page, gsize length, guint64 offset)
{
  sum = (sum ^ offset) * 0x9e3779b97f4a7c15u;
  for (gsize i = 0; i < length; i += sizeof sum)
    {
      guint64 word = 0;

      memcpy (&word, page + i, MIN (sizeof word, length - i));
      sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
      sum ^= sum >> 29;
    }
  return sum;
}

static gboolean
write_page (int fd, const guint8 *page, gsize length, guint64 offset)
{
  while (length > 0)
    {
      ssize_t n = pwrite (fd, page, length, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      page += n;
      length -= (gsize) n;
      offset += (guint64) n;
    }
  return TRUE;
}

/* Calls @full or @empty for every page between holes of @from. */
static gboolean
each_page (int from, guint64 size, int to, PageFunc full, PageFunc empty, guint64 *sum,
           GCancellable *cancellable)
{
  g_autofree guint8 *chunk = g_malloc (CHUNK);
  guint64 at = 0;

  while (at < size)
    {
      off_t data = lseek (from, (off_t) at, SEEK_DATA);
      ssize_t n;

      if (data < 0)
        return errno == ENXIO; /* only a hole is left */
      if (g_cancellable_is_cancelled (cancellable))
        {
          errno = ECANCELED;
          return FALSE;
        }
      at = (guint64) data / PAGE * PAGE;
      n = pread (from, chunk, MIN (CHUNK, size - at), (off_t) at);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n == 0;
      if (n > PAGE && at + (guint64) n < size)
        n -= n % PAGE; /* no piece of a page in the middle */
      for (ssize_t i = 0; i < n; i += PAGE)
        {
          gsize length = (gsize) MIN (PAGE, n - i);

          if (is_empty (chunk + i, length))
            {
              if (empty && !empty (to, chunk + i, length, at + (guint64) i))
                return FALSE;
              continue;
            }
          if (sum)
            *sum = add_to_sum (*sum, chunk + i, length, at + (guint64) i);
          if (full && !full (to, chunk + i, length, at + (guint64) i))
            return FALSE;
        }
      at += (guint64) n;
    }
  return TRUE;
}

gboolean
bh_frozen_files_write (const char *path, int fd, guint64 *sum, GError **error)
{
  int out = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat st;
  gboolean ok;

  *sum = 0;
  ok = out >= 0 && fstat (fd, &st) == 0 && ftruncate (out, st.st_size) == 0
       && each_page (fd, (guint64) st.st_size, out, write_page, NULL, sum, NULL)
       && fsync (out) == 0;
  if (!ok)
    bh_error_set_from_errno (error, errno, "Cannot write %s", path);
  if (out >= 0)
    close (out);
  return ok;
}

int
bh_frozen_files_read (const char *path, const char *name, guint64 size, guint64 sum,
                      GCancellable *cancellable, GError **error)
{
  int in = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out = -1;
  guint64 found = 0;
  struct stat st;
  gboolean ok = FALSE;

  if (in < 0 || fstat (in, &st) != 0)
    bh_error_set_from_errno (error, errno, "Cannot read %s", path);
  else if (!S_ISREG (st.st_mode) || (guint64) st.st_size != size)
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s has the wrong size", path);
  else
    {
      out = memfd_create (name, MFD_ALLOW_SEALING | MFD_CLOEXEC);
      ok = out >= 0 && ftruncate (out, (off_t) size) == 0
           && each_page (in, size, out, write_page, NULL, &found, cancellable);
      if (!ok)
        bh_error_set_from_errno (error, errno, "Cannot read %s into memory", path);
      else if (found != sum)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s is damaged", path);
          ok = FALSE;
        }
    }
  if (in >= 0)
    close (in);
  if (!ok && out >= 0)
    close (out);
  return ok ? out : -1;
}

static gboolean
punch_page (int fd, const guint8 *page, gsize length, guint64 offset)
{
  return fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) offset, (off_t) length)
         == 0;
}

void
bh_frozen_files_compact (int fd)
{
  struct stat st;

  if (fstat (fd, &st) == 0)
    each_page (fd, (guint64) st.st_size, fd, NULL, punch_page, NULL, NULL);
}

void
bh_frozen_files_remove (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_unlink (file);
    }
  g_remove (path);
}

guint64
bh_frozen_files_size (const char *path, const char *folder)
{
  g_autofree char *full = g_build_filename (path, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (full, 0, NULL);
  guint64 sum = 0;
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (full, name, NULL);
      struct stat st;

      if (lstat (file, &st) == 0)
        sum += (guint64) st.st_blocks * 512;
    }
  return sum;
}

char *
bh_frozen_files_processor (void)
{
  static const char *const wanted[] = { "vendor_id", "cpu family", "model",    "stepping",
                                        "microcode", "flags",      "vmx flags" };
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GString *out;

  if (!g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL))
    return NULL;
  out = g_string_new (NULL);
  lines = g_strsplit (text, "\n", -1);
  for (char **p = lines; *p && **p; p++) /* an empty line ends the first processor */
    for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
      if (g_str_has_prefix (*p, wanted[i]))
        {
          g_string_append_printf (out, "%s\n", *p);
          break;
        }
  return g_string_free (out, FALSE);
}
