/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is on a home disk, byte by byte: qemu-nbd has the disk open, and is asked through a socket. So
 * nothing of ours reads qcow2 or LUKS, what is encrypted never lies on a disk in plain, and none of it need fit
 * into memory. qemu-nbd is confined to the disk and that socket (src/disktool), and ends with the connection. */
#include "config.h"

#include "bh-home-image.h"

#include "bh-error.h"
#include "bh-home-disk.h"
#include "bh-home-tool.h"
#include "bh-paths.h"
#include "bh-text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libnbd.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LOOK_AT (G_GUINT64_CONSTANT (1) << 30)
#define ALLOCATION "base:allocation"

typedef struct
{
  guint64 start, end;
  gboolean data;
} Extent;

struct _BhHomeImage
{
  GSubprocess *server;
  struct nbd_handle *nbd;
  GCancellable *cancellable;
  guint64 size;
  GArray *extents; /* of Extent; what was asked for last */
};

static gboolean
set_error (GError **error, const char *what)
{
  int number = nbd_get_errno ();
  const char *text = nbd_get_error ();
  g_autofree char *clean = bh_text_clean (text ? text : "", text ? strlen (text) : 0, 200);

  g_set_error (error, BH_ERROR,
               number == ENOSPC || number == EDQUOT ? BH_ERROR_DISK_FULL : BH_ERROR_FAILED, "%s: %s",
               what, number == ENOSPC ? g_strerror (number) : clean);
  return FALSE;
}

static gboolean
is_cancelled (BhHomeImage *self, GError **error)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    return FALSE;
  g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  return TRUE;
}

/* Takes @listener: what qemu-nbd is asked through. It opens no socket itself, which it could not. */
static gboolean
spawn (BhHomeImage *self, const char *path, const BhHomeDisk *disk, const char *key, gboolean writable,
       int listener, GError **error)
{
  const BhHomeReach reach = { .read = writable ? NULL : path,
                              .write = writable ? path : NULL,
                              .largest = writable ? bh_home_tool_largest (disk->size) : 0,
                              .listens = TRUE };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GPtrArray) argv = NULL;
  g_autofree char *escaped = bh_home_tool_option (path);
  g_autofree char *options = g_strconcat ("driver=qcow2,file.driver=file,file.filename=", escaped,
                                          key ? ",encrypt.key-secret=key" : "", NULL);
  int fd;

  g_subprocess_launcher_take_fd (launcher, listener, BH_HOME_TOOL_FD);
  if (!(argv = bh_home_tool_confine ("qemu-nbd", &reach, error)))
    return FALSE;
  bh_home_tool_add (argv, writable ? "--discard=unmap" : "--read-only", NULL);
  if (key)
    {
      if ((fd = bh_home_tool_open_key (key, error)) < 0)
        return FALSE;
      g_subprocess_launcher_take_fd (launcher, fd, BH_HOME_TOOL_FD + 1);
      bh_home_tool_add (argv, "--object", BH_HOME_TOOL_SECRET_NEXT, NULL);
    }
  bh_home_tool_add (argv, "--image-opts", options, NULL);
  g_ptr_array_add (argv, NULL);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  self->server = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, error);
  return self->server != NULL;
}

/* What the server said before it ended. */
static void
take_complaint (BhHomeImage *self, GError **error)
{
  char text[1024];
  gsize n = 0;
  g_autofree char *clean = NULL;

  g_subprocess_force_exit (self->server);
  g_input_stream_read_all (g_subprocess_get_stderr_pipe (self->server), text, sizeof text, &n, NULL,
                           NULL);
  clean = bh_text_clean (text, n, 400);
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "The home disk cannot be opened: %s", clean);
}

/* A socket that listens, and what is connected to it: there is no moment at which somebody else could be. */
static gboolean
make_sockets (const char *name, int *listener, int *client)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  *client = -1;
  *listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (*listener < 0 || g_strlcpy (address.sun_path, name, sizeof address.sun_path) >= sizeof address.sun_path)
    return FALSE;
  return bind (*listener, (struct sockaddr *) &address, sizeof address) == 0 && listen (*listener, 1) == 0
         && (*client = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0
         && connect (*client, (struct sockaddr *) &address, sizeof address) == 0;
}

/* The socket has its name only as long as it takes to connect. */
static gboolean
open_sockets (int *listener, int *client, GError **error)
{
  g_autofree char *base = bh_paths_runtime_dir ("");
  g_autofree char *dir = g_build_filename (base, ".home-XXXXXX", NULL);
  g_autofree char *name = NULL;
  gboolean ok;

  if (!bh_paths_ensure (base, error))
    return FALSE;
  if (!g_mkdtemp (dir))
    {
      bh_error_set_from_errno (error, errno, "Cannot make a folder in %s", base);
      return FALSE;
    }
  name = g_build_filename (dir, "nbd", NULL);
  ok = make_sockets (name, listener, client);
  if (!ok)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket in %s", base);
      if (*listener >= 0)
        close (*listener);
      if (*client >= 0)
        close (*client);
    }
  g_unlink (name);
  g_rmdir (dir);
  return ok;
}

static gboolean
open_with (BhHomeImage *self, const char *path, const BhHomeDisk *disk, const char *key, gboolean writable,
           GError **error)
{
  gint64 size;
  int listener, client;

  if (!open_sockets (&listener, &client, error))
    return FALSE;
  if (!spawn (self, path, disk, key, writable, listener, error))
    {
      close (client);
      return FALSE;
    }
  /* Takes it; it ends when the server does. */
  if (nbd_connect_socket (self->nbd, client) != 0)
    {
      take_complaint (self, error);
      return FALSE;
    }
  size = nbd_get_size (self->nbd);
  if (size <= 0)
    return set_error (error, "The home disk cannot be opened");
  self->size = (guint64) size;
  return TRUE;
}

BhHomeImage *
bh_home_image_open (const char *path, const char *key, gboolean writable, GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (BhHomeImage) self = g_new0 (BhHomeImage, 1);
  BhHomeDisk disk;

  self->extents = g_array_new (FALSE, FALSE, sizeof (Extent));
  self->cancellable = cancellable ? g_object_ref (cancellable) : NULL;
  if (!bh_home_disk_read (path, &disk, error))
    return NULL;
  if (disk.encrypted != (key != NULL))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "The home disk %s is%s encrypted", path,
                   disk.encrypted ? "" : " not");
      return NULL;
    }
  self->nbd = nbd_create ();
  if (!self->nbd || nbd_add_meta_context (self->nbd, ALLOCATION) != 0)
    {
      set_error (error, "The home disk cannot be opened");
      return NULL;
    }
  return open_with (self, path, &disk, key, writable, error) ? g_steal_pointer (&self) : NULL;
}

guint64
bh_home_image_get_size (BhHomeImage *self)
{
  return self->size;
}

static int
on_extents (void *data, const char *context, uint64_t offset, uint32_t *entries, size_t n, int *error)
{
  GArray *extents = data;

  for (size_t i = 0; i + 1 < n; i += 2)
    {
      Extent extent = { offset, offset + entries[i], !(entries[i + 1] & LIBNBD_STATE_ZERO) };

      g_array_append_val (extents, extent);
      offset = extent.end;
    }
  return 0;
}

/* The one that has @at; %NULL with @error set. */
static const Extent *
extent_at (BhHomeImage *self, guint64 at, GError **error)
{
  nbd_extent_callback callback = { .callback = on_extents, .user_data = self->extents };

  for (guint turn = 0; turn < 2; turn++)
    {
      for (guint i = 0; i < self->extents->len; i++)
        {
          const Extent *extent = &g_array_index (self->extents, Extent, i);

          if (extent->start <= at && at < extent->end)
            {
              /* Those before it are not asked for again. */
              g_array_remove_range (self->extents, 0, i);
              return &g_array_index (self->extents, Extent, 0);
            }
        }
      g_array_set_size (self->extents, 0);
      if (turn == 0
          && nbd_block_status (self->nbd, MIN (LOOK_AT, self->size - at), at, callback, 0) != 0)
        break;
    }
  set_error (error, "The home disk cannot be read");
  return NULL;
}

gboolean
bh_home_image_find (BhHomeImage *self, guint64 *offset, guint64 *size, GError **error)
{
  guint64 at = *offset;

  while (at < self->size)
    {
      const Extent *extent = extent_at (self, at, error);

      if (!extent || is_cancelled (self, error))
        return FALSE;
      if (extent->data)
        {
          *offset = at;
          *size = MIN (extent->end, self->size) - at;
          return TRUE;
        }
      at = extent->end;
    }
  *offset = self->size;
  *size = 0;
  return TRUE;
}

gboolean
bh_home_image_count (BhHomeImage *self, guint64 *bytes, GError **error)
{
  guint64 offset = 0, size;

  *bytes = 0;
  do
    {
      if (!bh_home_image_find (self, &offset, &size, error))
        return FALSE;
      *bytes += size;
      offset += size;
    }
  while (size > 0);
  return TRUE;
}

gboolean
bh_home_image_read (BhHomeImage *self, guint64 offset, void *to, gsize size, GError **error)
{
  if (is_cancelled (self, error))
    return FALSE;
  return nbd_pread (self->nbd, to, size, offset, 0) == 0
         || set_error (error, "The home disk cannot be read");
}

gboolean
bh_home_image_write (BhHomeImage *self, guint64 offset, const void *from, gsize size, GError **error)
{
  if (is_cancelled (self, error))
    return FALSE;
  return nbd_pwrite (self->nbd, from, size, offset, 0) == 0
         || set_error (error, "The home disk cannot be written");
}

gboolean
bh_home_image_finish (BhHomeImage *image, GError **error)
{
  g_autoptr (BhHomeImage) self = image;
  gboolean ok = (nbd_is_read_only (self->nbd) == 1 || nbd_flush (self->nbd, 0) == 0)
                && nbd_shutdown (self->nbd, 0) == 0;

  if (!ok)
    return set_error (error, "The home disk cannot be written");
  /* It closes the disk now. */
  if (g_subprocess_wait_check (self->server, NULL, NULL))
    return TRUE;
  take_complaint (self, error);
  return FALSE;
}

void
bh_home_image_free (BhHomeImage *self)
{
  if (self->nbd)
    nbd_close (self->nbd);
  if (self->server)
    {
      g_subprocess_force_exit (self->server);
      g_subprocess_wait (self->server, NULL, NULL);
    }
  g_clear_object (&self->server);
  g_clear_object (&self->cancellable);
  g_array_unref (self->extents);
  g_free (self);
}

/* Copying. */

/* Where the file system can, both share what is the same. */
static gboolean
clone_file (const char *from, const char *to)
{
  int in = open (from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  int out = in < 0 ? -1 : open (to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean ok = out >= 0 && ioctl (out, FICLONE, in) == 0;

  if (in >= 0)
    close (in);
  if (out >= 0)
    close (out);
  if (out >= 0 && !ok)
    g_unlink (to);
  return ok;
}

static gboolean
copy_content (BhHomeImage *in, BhHomeImage *out, BhHomeProgress progress, gpointer data,
              GError **error)
{
  g_autofree guint8 *piece = g_malloc (BH_HOME_IMAGE_PIECE);
  guint64 offset = 0, size, all, done = 0;

  if (!bh_home_image_count (in, &all, error))
    return FALSE;
  while (bh_home_image_find (in, &offset, &size, error))
    {
      gsize n = (gsize) MIN (size, BH_HOME_IMAGE_PIECE);

      if (n == 0)
        return TRUE;
      if (!bh_home_image_read (in, offset, piece, n, error)
          || !bh_home_image_write (out, offset, piece, n, error))
        return FALSE;
      offset += n;
      done += n;
      progress ((guint) (done * 100 / MAX (all, done)), data);
    }
  return FALSE;
}

gboolean
bh_home_image_copy (const char *from, const char *key, const char *to, const char *new_key,
                    BhHomeProgress progress, gpointer data, GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (BhHomeImage) in = NULL;
  g_autoptr (BhHomeImage) out = NULL;
  BhHomeDisk disk;

  if (!bh_home_disk_read (from, &disk, error))
    return FALSE;
  g_unlink (to);
  if (!disk.encrypted && !new_key && disk.n_snapshots == 0 && clone_file (from, to))
    return TRUE;
  return bh_home_disk_create (to, disk.size, new_key, cancellable, error)
         && (in = bh_home_image_open (from, key, FALSE, cancellable, error)) != NULL
         && (out = bh_home_image_open (to, new_key, TRUE, cancellable, error)) != NULL
         && copy_content (in, out, progress, data, error)
         && bh_home_image_finish (g_steal_pointer (&out), error);
}
