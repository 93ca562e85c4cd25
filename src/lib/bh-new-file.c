/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file that is there when it is whole, and leaves nothing when it never is: open(2), "O_TMPFILE". */
#include "config.h"

#include "bh-new-file.h"

#include "bh-error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct _BhNewFile
{
  int fd;
  char *path;
  char *part; /* its name meanwhile, when it has one: @named */
  gboolean named;
};

BhNewFile *
bh_new_file_open (const char *path, GError **error)
{
  g_autoptr (BhNewFile) self = g_new0 (BhNewFile, 1);
  g_autofree char *dir = g_path_get_dirname (path);

  self->path = g_strdup (path);
  self->part = g_strdup_printf ("%s.part-%d", path, (int) getpid ());
  self->fd = open (dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      /* Which error tells that it has none differs from file system to file system. */
      self->fd = open (self->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
      self->named = self->fd >= 0;
    }
  if (self->fd >= 0)
    return g_steal_pointer (&self);
  bh_error_set_from_errno (error, errno, "Cannot make the file “%s”", path);
  return NULL;
}

int
bh_new_file_get_fd (BhNewFile *self)
{
  return self->fd;
}

gboolean
bh_new_file_is_named (BhNewFile *self)
{
  return self->named;
}

static gboolean
give_name (BhNewFile *self, const char *name)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", self->fd);

  return linkat (AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/* Not every file system can say that by itself. */
static gboolean
rename_to_nothing (const char *from, const char *to)
{
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL)
    return FALSE;
  return link (from, to) == 0 && unlink (from) == 0;
}

gboolean
bh_new_file_keep (BhNewFile *self, gboolean replace, GError **error)
{
  gboolean done;

  g_return_val_if_fail (self->part, FALSE);
  if (self->named)
    done = replace ? rename (self->part, self->path) == 0 : rename_to_nothing (self->part, self->path);
  else
    {
      done = give_name (self, self->path);
      /* A link replaces nothing, so it has another name for a moment. */
      if (!done && errno == EEXIST && replace)
        {
          self->named = give_name (self, self->part);
          done = self->named && rename (self->part, self->path) == 0;
        }
    }
  if (done)
    g_clear_pointer (&self->part, g_free);
  else if (errno == EEXIST)
    g_set_error (error, BH_ERROR, BH_ERROR_EXISTS, "“%s” is there already", self->path);
  else
    bh_error_set_from_errno (error, errno, "Cannot make the file “%s”", self->path);
  return done;
}

void
bh_new_file_free (BhNewFile *self)
{
  if (self->named && self->part)
    unlink (self->part);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->part);
  g_free (self->path);
  g_free (self);
}
