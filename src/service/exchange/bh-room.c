/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether there is room for the home that is in a file. What the file says of that may be a lie: then the disk is full later
 * on, and what was made is removed. */
#include "config.h"

#include "bh-room.h"

#include "bh-error.h"
#include "bh-paths.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Of a qcow2 file: its header and tables, those of LUKS, and for each cluster of 64 KiB ten bytes. */
#define FIXED (G_GUINT64_CONSTANT (4) << 20)
#define PER_BYTES 4096

static char *
homes_dir (void)
{
  return bh_paths_data_dir ("homes");
}

/* Where there is no folder yet it counts in which it will be made. */
static guint64
free_in (const char *path)
{
  g_autofree char *dir = g_strdup (path);
  struct statvfs fs;

  while (statvfs (dir, &fs) != 0)
    {
      g_autofree char *above = g_path_get_dirname (dir);

      /* Not known: then it is tried. */
      if (errno != ENOENT || g_str_equal (above, dir))
        return G_MAXUINT64;
      g_free (dir);
      dir = g_steal_pointer (&above);
    }
  return (guint64) fs.f_bavail * fs.f_frsize;
}

BhRoom
bh_room_look (const BhArchive *archive, int fd)
{
  g_autofree char *dir = homes_dir ();
  guint64 used = archive->home_used;
  BhRoom room = { 0, free_in (dir) };
  struct stat st;

  if (archive->home_size == 0)
    return room;
  /* Older files do not say it, but are as large as what is in them. */
  if (used == 0 && fstat (fd, &st) == 0)
    used = MIN ((guint64) st.st_size, archive->home_size);
  room.needs = used + used / PER_BYTES + FIXED;
  return room;
}

gboolean
bh_room_check (const BhArchive *archive, int fd, GError **error)
{
  BhRoom room = bh_room_look (archive, fd);
  g_autofree char *needs = g_format_size_full (room.needs, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *free = g_format_size_full (room.free, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *dir = homes_dir ();

  if (room.needs <= room.free)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_DISK_FULL,
               "The home in the file needs %s, and %s are free in %s. Delete what you do not need there, or move it "
               "to another disk, and import again. Nothing was imported.",
               needs, free, dir);
  return FALSE;
}
