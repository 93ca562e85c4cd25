/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Removal of a folder that a guest has written to: it may be deeper than paths are long and descriptors many, and
 * folders in it may be locked. So those in a folder are moved up before it is removed. */
#include "config.h"

#include "bh-tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A guest may have locked it. */
static void
unlock (int parent, const char *name)
{
  struct stat st;

  if (fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (st.st_mode)
      && (st.st_mode & 0700) != 0700 && fchmodat (parent, name, 0700, 0) != 0)
    g_debug ("A folder that is to be removed is another's");
}

static DIR *
open_in (int parent, const char *name)
{
  int fd;
  DIR *dir;

  unlock (parent, name);
  fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (!dir && fd >= 0)
    close (fd);
  return dir;
}

static gboolean
is_entry (const char *name)
{
  return strcmp (name, ".") != 0 && strcmp (name, "..") != 0;
}

/* What is in @name goes, or up to @top. */
static void
flatten (int top, const char *name, guint64 *next)
{
  DIR *dir = open_in (top, name);
  struct dirent *entry;

  while (dir && (entry = readdir (dir)))
    {
      g_autofree char *up = NULL;

      if (!is_entry (entry->d_name) || unlinkat (dirfd (dir), entry->d_name, 0) == 0)
        continue;
      unlock (dirfd (dir), entry->d_name);
      up = g_strdup_printf ("%" G_GUINT64_FORMAT ".bulkhead-remove", (*next)++);
      if (renameat (dirfd (dir), entry->d_name, top, up) != 0)
        g_debug ("A folder stays where it is");
    }
  if (dir)
    closedir (dir);
}

void
bh_tree_remove (const char *path)
{
  DIR *dir = open_in (AT_FDCWD, path);
  guint64 next = 0, before = 0;
  struct dirent *entry;

  /* Each round leaves fewer levels; one that removes nothing is the last. */
  for (gboolean again = dir != NULL; again; before = next)
    {
      gboolean removed = FALSE, left = FALSE;

      rewinddir (dir);
      while ((entry = readdir (dir)))
        {
          if (!is_entry (entry->d_name))
            continue;
          left = TRUE;
          if (unlinkat (dirfd (dir), entry->d_name, 0) != 0)
            {
              flatten (dirfd (dir), entry->d_name, &next);
              removed = unlinkat (dirfd (dir), entry->d_name, AT_REMOVEDIR) == 0 || removed;
            }
          else
            removed = TRUE;
        }
      again = left && (removed || next != before);
    }
  if (dir)
    closedir (dir);
  rmdir (path);
}
