/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Additional disks of an AppVM. */
#include "config.h"

#include "bh-disks.h"

#include "bh-error.h"
#include "bh-folders.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What virtio-blk has room for. */
#define MAX_ID 20
/* Ids of disks that are not additional ones begin so. */
#define OUR_ID "bulkhead-"
#define refuse(path, error, ...)                                                                   \
  bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "disk", path, __VA_ARGS__)

void
bh_disk_free (BhDisk *disk)
{
  g_free (disk->path);
  g_free (disk->id);
  g_free (disk->cache);
  g_free (disk);
}

static gboolean
is_id (const char *id)
{
  gsize n = strlen (id);

  return g_ascii_isalnum (id[0]) && n <= MAX_ID && !g_str_has_prefix (id, OUR_ID)
         && strspn (id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static char *
make_id (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  GString *id = g_string_new (NULL);

  for (const char *p = name; *p && id->len < MAX_ID; p++)
    if (g_ascii_isalnum (*p) || (id->len > 0 && strchr ("._-", *p)))
      g_string_append_c (id, *p);
  if (!is_id (id->str))
    g_string_assign (id, "disk");
  return g_string_free (id, FALSE);
}

static gboolean
take_option (BhDisk *disk, const char *word, GError **error)
{
  static const char *const caches[] = { "writeback", "writethrough", "none", "directsync",
                                        "unsafe", NULL };
  const char *equals = strchr (word, '=');
  const char *value = equals ? equals + 1 : "";

  if (g_str_equal (word, "rw"))
    disk->writable = TRUE;
  else if (g_str_equal (word, "qcow2"))
    disk->qcow2 = TRUE;
  else if (g_str_has_prefix (word, "id=") && is_id (value) && !disk->id)
    disk->id = g_strdup (value);
  else if (g_str_equal (word, "block=512") || g_str_equal (word, "block=4096"))
    disk->block_size = (guint) g_ascii_strtoull (value, NULL, 10);
  else if (g_str_has_prefix (word, "cache=") && g_strv_contains (caches, value) && !disk->cache)
    disk->cache = g_strdup (value);
  else if (*word && !g_str_equal (word, "ro") && !g_str_equal (word, "raw"))
    return refuse (disk->path, error,
                   "cannot be “%s”: it takes ro, rw, raw, qcow2, id=NAME, block=512, block=4096 and "
                   "cache=writeback, writethrough, none, directsync or unsafe",
                   word);
  return TRUE;
}

static BhDisk *
parse (const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 2);
  g_auto (GStrv) words = g_strsplit (parts[0] && parts[1] ? parts[1] : "", ",", -1);
  g_autoptr (BhDisk) disk = g_new0 (BhDisk, 1);
  g_autofree char *canonical = NULL;
  gboolean good = g_utf8_validate (text, -1, NULL) && text[0] == '/' && strlen (text) < 1024;

  for (const char *p = text; *p && good; p++)
    good = !g_ascii_iscntrl (*p) && *p != ';';
  disk->path = g_strdup (parts[0] ? g_strstrip (parts[0]) : "");
  canonical = g_canonicalize_filename (disk->path, "/");
  if (!good || !g_str_equal (canonical, disk->path))
    {
      refuse (text, error,
              "is not written as PATH:OPTIONS, with the whole path of a file without “:” and “;”");
      return NULL;
    }
  for (char **word = words; *word; word++)
    if (!take_option (disk, g_strstrip (*word), error))
      return NULL;
  if (!disk->id)
    disk->id = make_id (disk->path);
  return g_steal_pointer (&disk);
}

gboolean
bh_disk_is_one (const char *text)
{
  g_autoptr (BhDisk) disk = parse (text, NULL);

  return disk != NULL;
}

char *
bh_disk_to_text (const BhDisk *disk)
{
  g_autofree char *block = disk->block_size ? g_strdup_printf (",block=%u", disk->block_size) : NULL;

  return g_strdup_printf ("%s:%s%s,id=%s%s%s%s", disk->path, disk->writable ? "rw" : "ro",
                          disk->qcow2 ? ",qcow2" : "", disk->id, block ? block : "",
                          disk->cache ? ",cache=" : "", disk->cache ? disk->cache : "");
}

GPtrArray *
bh_disks_parse (const char *list, GError **error)
{
  g_auto (GStrv) items = g_strsplit (list, ";", -1);
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_disk_free);

  for (char **p = items; *p; p++)
    {
      BhDisk *disk;

      if (*g_strstrip (*p) == '\0')
        continue;
      if (!(disk = parse (*p, error)))
        return NULL;
      for (guint i = 0; i < out->len; i++)
        if (g_str_equal (((BhDisk *) out->pdata[i])->id, disk->id))
          {
            refuse (disk->path, error,
                    "has the id “%s” of another one: give it one with id=NAME", disk->id);
            bh_disk_free (disk);
            return NULL;
          }
      g_ptr_array_add (out, disk);
    }
  if (out->len <= BH_DISKS_MAX)
    return g_steal_pointer (&out);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "An AppVM can have %d additional disks, not %u", BH_DISKS_MAX, out->len);
  return NULL;
}

int
bh_disk_open_file (const char *what, const char *path, gboolean writable, gboolean follow,
                   GError **error)
{
  int fd;

  if (bh_folder_is_ours (path))
    {
      bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, what, path,
                       "is one of those that Bulkhead keeps, of another AppVM perhaps. Copy it "
                       "elsewhere first");
      return -1;
    }
  /* Not to wait for what is a FIFO. */
  fd = open (path, (writable ? O_RDWR : O_RDONLY) | (follow ? 0 : O_NOFOLLOW) | O_CLOEXEC | O_NONBLOCK
                       | O_NOCTTY);
  if (fd >= 0)
    return fd;
  if (errno == ENOENT)
    bh_error_refuse (error, BH_ERROR_NOT_FOUND, what, path, "is not there");
  else if (errno == ELOOP && !follow)
    bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, what, path,
                     "is a symbolic link. Give the path of what it leads to");
  else
    bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, what, path, "cannot be %s: %s",
                     writable ? "read and written" : "read", g_strerror (errno));
  return -1;
}

int
bh_disk_open (const BhDisk *disk, GError **error)
{
  int fd = bh_disk_open_file ("disk", disk->path, disk->writable, TRUE, error);
  struct stat st;

  if (fd < 0)
    return -1;
  if (fstat (fd, &st) == 0 && (S_ISBLK (st.st_mode) || (S_ISREG (st.st_mode) && st.st_size >= 512)))
    return fd;
  close (fd);
  refuse (disk->path, error,
          "is none: it has to be a block device, or a file with at least one block of 512 bytes");
  return -1;
}
