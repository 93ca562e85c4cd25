/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files that cost time to make and can be made again.
 *
 * Beside each file stands NAME.sum: its SHA-256, and its inode, size and times when that was known
 * to be right. No write can leave the change time alone, so equal times spare reading 60 MB at each
 * start. */
#include "config.h"

#include "bh-cache-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "bh-error.h"
#include "bh-paths.h"

#define TEMPORARY ".part"

struct _BhCacheFile
{
  char *path, *temporary;
  GChecksum *checksum;
  int fd;
};

int
bh_cache_lock (const char *dir, GError **error)
{
  g_autofree char *path = g_build_filename (dir, ".lock", NULL);
  int fd;

  if (!bh_paths_ensure (dir, error))
    return -1;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || TEMP_FAILURE_RETRY (flock (fd, LOCK_EX)) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot lock %s", path);
      if (fd >= 0)
        close (fd);
      return -1;
    }
  return fd;
}

static char *
describe (const char *path)
{
  struct stat st;

  if (stat (path, &st) != 0 || !S_ISREG (st.st_mode))
    return NULL;
  return g_strdup_printf ("%llu %lld %lld.%09ld %lld.%09ld", (unsigned long long) st.st_ino,
                          (long long) st.st_size, (long long) st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                          (long long) st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

static char *
checksum_file (const char *path)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *buffer = g_malloc (65536);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n;

  if (fd < 0)
    return NULL;
  while ((n = TEMP_FAILURE_RETRY (read (fd, buffer, 65536))) > 0)
    g_checksum_update (checksum, buffer, n);
  close (fd);
  return n < 0 ? NULL : g_strdup (g_checksum_get_string (checksum));
}

static gboolean
record (const char *path, const char *sum, GError **error)
{
  g_autofree char *file = g_strconcat (path, ".sum", NULL);
  g_autofree char *now = describe (path);
  g_autofree char *text = g_strdup_printf ("%s %s\n", sum, now ? now : "");
  g_autoptr (GError) failed = NULL;

  if (g_file_set_contents_full (file, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &failed))
    return TRUE;
  g_set_error_literal (error, BH_ERROR,
                       g_error_matches (failed, G_FILE_ERROR, G_FILE_ERROR_NOSPC)
                           ? BH_ERROR_DISK_FULL
                           : BH_ERROR_FAILED,
                       failed->message);
  return FALSE;
}

gboolean
bh_cache_file_valid (const char *path)
{
  g_autofree char *file = g_strconcat (path, ".sum", NULL);
  g_autofree char *now = describe (path);
  g_autofree char *text = NULL, *sum = NULL;
  gsize length;

  if (now == NULL || !g_file_get_contents (file, &text, &length, NULL) || length < 66)
    return FALSE;
  text[64] = '\0';
  g_strchomp (text + 65);
  if (g_str_equal (text + 65, now))
    return TRUE;
  sum = checksum_file (path);
  if (g_strcmp0 (sum, text) != 0)
    return FALSE;
  /* Restored from a backup, say. Not being able to record it only costs time. */
  record (path, sum, NULL);
  return TRUE;
}

BhCacheFile *
bh_cache_file_new (const char *path, GError **error)
{
  g_autoptr (BhCacheFile) file = g_new0 (BhCacheFile, 1);

  file->path = g_strdup (path);
  file->temporary = g_strdup_printf ("%s.%d" TEMPORARY, path, (int) getpid ());
  file->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  file->fd = open (file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file->fd >= 0)
    return g_steal_pointer (&file);
  bh_error_set_from_errno (error, errno, "Cannot make %s", file->temporary);
  return NULL;
}

gboolean
bh_cache_file_write (BhCacheFile *file, const void *data, gsize size, GError **error)
{
  const guchar *p = data;

  g_checksum_update (file->checksum, p, size);
  while (size > 0)
    {
      ssize_t n = TEMP_FAILURE_RETRY (write (file->fd, p, size));

      if (n < 0)
        {
          bh_error_set_from_errno (error, errno, "Cannot write %s", file->path);
          return FALSE;
        }
      p += n;
      size -= n;
    }
  return TRUE;
}

const char *
bh_cache_file_get_temporary (const BhCacheFile *file)
{
  return file->temporary;
}

gboolean
bh_cache_file_commit (BhCacheFile *file, GError **error)
{
  if (fsync (file->fd) != 0 || fchmod (file->fd, 0400) != 0
      || rename (file->temporary, file->path) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot write %s", file->path);
      return FALSE;
    }
  g_clear_pointer (&file->temporary, g_free);
  if (record (file->path, g_checksum_get_string (file->checksum), error))
    return TRUE;
  unlink (file->path);
  return FALSE;
}

void
bh_cache_file_free (BhCacheFile *file)
{
  if (file->fd >= 0)
    close (file->fd);
  if (file->temporary)
    unlink (file->temporary);
  g_clear_pointer (&file->checksum, g_checksum_free);
  g_free (file->temporary);
  g_free (file->path);
  g_free (file);
}

typedef struct
{
  char *path;
  gint64 time;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->path);
  g_free (entry);
}

static gint
compare_youngest_first (gconstpointer a, gconstpointer b)
{
  const Entry *first = *(const Entry *const *) a, *second = *(const Entry *const *) b;

  return first->time < second->time ? 1 : first->time > second->time ? -1 : 0;
}

void
bh_cache_prune (const char *dir, const char *suffix, guint keep)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (entry_free);
  g_autoptr (GDir) handle = g_dir_open (dir, 0, NULL);
  const char *name;

  while (handle && (name = g_dir_read_name (handle)) != NULL)
    {
      g_autofree char *path = g_build_filename (dir, name, NULL);
      struct stat st;

      if (g_str_has_suffix (name, TEMPORARY))
        unlink (path); /* the lock is ours: nobody writes it any more */
      else if (g_str_has_suffix (name, suffix) && stat (path, &st) == 0)
        {
          Entry *entry = g_new0 (Entry, 1);

          entry->path = g_steal_pointer (&path);
          entry->time = st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
          g_ptr_array_add (entries, entry);
        }
    }
  g_ptr_array_sort (entries, compare_youngest_first);
  for (guint i = keep; i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);
      g_autofree char *sum = g_strconcat (entry->path, ".sum", NULL);

      unlink (entry->path);
      unlink (sum);
    }
}
