/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes a cpio archive ("newc", Documentation/driver-api/early-userspace/buffer-format.rst) into
 * the cache. */
#include "config.h"

#include "bh-cpio.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <archive.h>
#include <archive_entry.h>

#include "bh-cache-file.h"
#include "bh-error.h"

struct _BhCpio
{
  BhCacheFile *file;
  struct archive *archive;
  char *path;
  GError *failed; /* why the file could not be written */
};

static la_ssize_t
write_block (struct archive *archive, void *data, const void *buffer, size_t size)
{
  BhCpio *cpio = data;

  if (cpio->failed == NULL && bh_cache_file_write (cpio->file, buffer, size, &cpio->failed))
    return size;
  archive_set_error (archive, EIO, "cannot write");
  return -1;
}

static gboolean
fail (BhCpio *cpio, const char *what, GError **error)
{
  if (cpio->failed)
    g_propagate_error (error, g_steal_pointer (&cpio->failed));
  else
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "Cannot put %s into %s: %s", what, cpio->path,
                 archive_error_string (cpio->archive));
  return FALSE;
}

BhCpio *
bh_cpio_new (const char *path, GError **error)
{
  BhCacheFile *file = bh_cache_file_new (path, error);
  BhCpio *cpio;

  if (file == NULL)
    return NULL;
  cpio = g_new0 (BhCpio, 1);
  cpio->file = file;
  cpio->path = g_strdup (path);
  cpio->archive = archive_write_new ();
  archive_write_set_format_cpio_newc (cpio->archive);
  archive_write_set_bytes_per_block (cpio->archive, 65536);
  archive_write_set_bytes_in_last_block (cpio->archive, 512);
  archive_write_open (cpio->archive, cpio, NULL, write_block, NULL);
  return cpio;
}

gboolean
bh_cpio_add (BhCpio *cpio, const char *name, mode_t mode, const void *data, gsize size,
             GError **error)
{
  struct archive_entry *entry = archive_entry_new ();
  gboolean ok;

  archive_entry_set_pathname (entry, name);
  archive_entry_set_mode (entry, mode);
  archive_entry_set_mtime (entry, 0, 0);
  archive_entry_set_size (entry, S_ISREG (mode) ? size : 0);
  if (S_ISCHR (mode))
    archive_entry_set_rdev (entry, makedev (5, 1));
  if (S_ISLNK (mode))
    archive_entry_set_symlink (entry, data);
  ok = archive_write_header (cpio->archive, entry) == ARCHIVE_OK
       && (!S_ISREG (mode) || size == 0
           || archive_write_data (cpio->archive, data, size) == (la_ssize_t) size);
  archive_entry_free (entry);
  return ok || fail (cpio, name, error);
}

gboolean
bh_cpio_commit (BhCpio *cpio, GError **error)
{
  if (archive_write_close (cpio->archive) != ARCHIVE_OK)
    return fail (cpio, "the end", error);
  return bh_cache_file_commit (cpio->file, error);
}

void
bh_cpio_free (BhCpio *cpio)
{
  /* Closing may still write, so the file goes last. */
  archive_write_free (cpio->archive);
  bh_cache_file_free (cpio->file);
  g_clear_error (&cpio->failed);
  g_free (cpio->path);
  g_free (cpio);
}
