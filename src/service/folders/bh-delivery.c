/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies of the user's files on their way into the Inbox of an AppVM. */
#include "config.h"

#include "bh-delivery.h"

#include "bh-error.h"
#include "bh-openable.h"
#include "bh-text.h"
#include "bh-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PREFIX ".opening-"
#define PIECE (4u << 20)
#define MAX_SAME_NAME 10000
/* What is done sooner needs no progress. */
#define SHOWN_BYTES (64u << 20)

typedef struct
{
  int fd;
  char *name;   /* the user's */
  char *number; /* in the folder beside the Inbox */
  char *placed; /* in the Inbox; NULL: it is not there */
  dev_t device;
  ino_t inode;
} Item;

struct _BhDelivery
{
  GObject parent;
  char *inbox, *folder; /* folder: NULL while there is none */
  GPtrArray *items;
  guint64 total, done;
  guint shown; /* per cent */
};

G_DEFINE_FINAL_TYPE (BhDelivery, bh_delivery, G_TYPE_OBJECT)

typedef struct
{
  BhDelivery *self;
  BhJob *job;
  GCancellable *cancellable;
} Copy;

static void
copy_free (gpointer data)
{
  Copy *copy = data;

  g_object_unref (copy->job);
  g_clear_object (&copy->cancellable);
  g_free (copy);
}

static void
item_free (gpointer data)
{
  Item *item = data;

  close (item->fd);
  g_free (item->name);
  g_free (item->number);
  g_free (item->placed);
  g_free (item);
}

static gboolean
fail (const Item *item, int number, GError **error)
{
  g_autofree char *shown = bh_text_clean (item->name, strlen (item->name), 80);

  bh_error_set_from_errno (error, number, "“%s” could not be copied for the AppVM", shown);
  return FALSE;
}

/* In the thread. */

static void
show_progress (Copy *copy, guint64 bytes)
{
  BhDelivery *self = copy->self;
  guint percent;

  self->done += bytes;
  percent = self->total ? (guint) (self->done * 100 / self->total) : 100;
  if (self->total < SHOWN_BYTES || percent == self->shown || percent > 100)
    return;
  self->shown = percent;
  bh_job_progress_later (copy->job, percent, "Copying what is to be opened");
}

/* Some bytes at @offset; 0 at the end. The caller's own position stays where it is. */
static ssize_t
copy_piece (int from, int to, off_t offset, gsize size)
{
  off_t in = offset, out = offset;
  ssize_t n = copy_file_range (from, &in, to, &out, size, 0);
  g_autofree char *buffer = NULL;

  if (n > 0 || (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EINTR)))
    return n;
  /* Not between these file systems, or of a file that pretends to be empty: as always. */
  size = MIN (size, 256u << 10);
  buffer = g_malloc (size);
  n = pread (from, buffer, size, offset);
  return n > 0 ? pwrite (to, buffer, (gsize) n, offset) : n;
}

static gboolean
copy_one (Copy *copy, const Item *item, int to, GError **error)
{
  struct stat st;
  off_t at = 0;

  if (fstat (item->fd, &st) != 0)
    return fail (item, errno, error);
  while (at < st.st_size)
    {
      gsize left = (gsize) MIN (st.st_size - at, (off_t) PIECE);
      ssize_t n = copy_piece (item->fd, to, at, left);

      if (copy->cancellable && g_cancellable_is_cancelled (copy->cancellable))
        {
          g_set_error_literal (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
          return FALSE;
        }
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail (item, errno, error);
      if (n == 0)
        {
          g_autofree char *shown = bh_text_clean (item->name, strlen (item->name), 80);

          g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                       "“%s” became shorter while it was copied for the AppVM. Try again.", shown);
          return FALSE;
        }
      at += n;
      show_progress (copy, (guint64) n);
    }
  return TRUE;
}

static gboolean
check_room (BhDelivery *self, GError **error)
{
  struct statvfs system;
  g_autofree char *needed = NULL, *left = NULL;
  guint64 room;

  self->total = 0;
  for (guint i = 0; i < self->items->len; i++)
    {
      const Item *item = self->items->pdata[i];
      struct stat st;

      if (fstat (item->fd, &st) != 0)
        return fail (item, errno, error);
      self->total += (guint64) st.st_size;
    }
  if (statvfs (self->folder, &system) != 0)
    return TRUE;
  room = (guint64) system.f_bavail * system.f_frsize;
  if (self->total <= room)
    return TRUE;
  needed = g_format_size (self->total);
  left = g_format_size (room);
  g_set_error (error, BH_ERROR, BH_ERROR_DISK_FULL,
               "The AppVM gets a copy of what it opens, which needs %s, and where that would be is "
               "room for %s. Remove "
               "something, or share the folder with the AppVM instead.",
               needed, left);
  return FALSE;
}

char *
bh_delivery_make_folder (const char *parent, GError **error)
{
  g_autofree char *template = g_build_filename (parent, PREFIX "XXXXXX", NULL);

  if (g_mkdtemp_full (template, 0700))
    return g_steal_pointer (&template);
  bh_error_set_from_errno (error, errno, "Cannot make a folder in %s", parent);
  return NULL;
}

static gboolean
make_folder (BhDelivery *self, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (self->inbox);

  return (self->folder = bh_delivery_make_folder (parent, error)) != NULL;
}

static void
copy_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Copy *copy = data;
  BhDelivery *self = copy->self;
  GError *error = NULL;
  gboolean good = make_folder (self, &error) && check_room (self, &error);

  for (guint i = 0; good && i < self->items->len; i++)
    {
      Item *item = self->items->pdata[i];
      g_autofree char *path = g_build_filename (self->folder, item->number, NULL);
      int to = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      struct stat st;

      good = to >= 0 ? copy_one (copy, item, to, &error) : fail (item, errno, &error);
      if (good && fstat (to, &st) == 0)
        {
          item->device = st.st_dev;
          item->inode = st.st_ino;
        }
      if (to >= 0 && close (to) != 0 && good)
        good = fail (item, errno, &error);
    }
  if (good)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Main context. */

void
bh_delivery_copy_async (BhDelivery *self, BhJob *job, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  Copy *copy = g_new0 (Copy, 1);

  *copy = (Copy){ self, g_object_ref (job), cancellable ? g_object_ref (cancellable) : NULL };
  g_task_set_task_data (task, copy, copy_free);
  g_task_run_in_thread (task, copy_in_thread);
}

gboolean
bh_delivery_copy_finish (BhDelivery *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* "report (2).pdf", no longer than names may be. Cuts between characters, where there are any. */
static char *
make_name (const char *name, guint number)
{
  const char *dot = strrchr (name, '.');
  g_autofree char *mark = g_strdup_printf (" (%u)", number);
  gsize stem, ending;

  if (!dot || dot == name || strlen (dot) > 32)
    dot = name + strlen (name);
  ending = strlen (dot) + strlen (mark);
  stem = MIN ((gsize) (dot - name), BH_OPENABLE_NAME_MAX - ending);
  if (stem < (gsize) (dot - name))
    while (stem > 0 && ((guchar) name[stem] & 0xc0) == 0x80)
      stem--;
  return g_strdup_printf ("%.*s%s%s", (int) stem, name, mark, dot);
}

/* Neither replaces what is there nor follows it. */
static int
move (int from, const char *old, int to, const char *new)
{
  if (renameat2 (from, old, to, new, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  /* A file system without that. */
  return linkat (from, old, to, new, 0) == 0 ? unlinkat (from, old, 0) : -1;
}

static gboolean
place (Item *item, int folder, int inbox, GError **error)
{
  for (guint i = 1; i <= MAX_SAME_NAME; i++)
    {
      g_autofree char *name = i == 1 ? g_strdup (item->name) : make_name (item->name, i);

      if (move (folder, item->number, inbox, name) == 0)
        {
          item->placed = g_steal_pointer (&name);
          return TRUE;
        }
      if (errno != EEXIST)
        break;
    }
  return fail (item, errno, error);
}

char **
bh_delivery_place (BhDelivery *self, GError **error)
{
  int inbox = open (self->inbox, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int folder = open (self->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  gboolean good = inbox >= 0 && folder >= 0;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  if (!good)
    bh_error_set_from_errno (error, errno, "The folder %s cannot be used", self->inbox);
  for (guint i = 0; good && i < self->items->len; i++)
    {
      Item *item = self->items->pdata[i];

      good = place (item, folder, inbox, error);
      if (good)
        g_strv_builder_add (names, item->placed);
    }
  if (inbox >= 0)
    close (inbox);
  if (folder >= 0)
    close (folder);
  if (good)
    {
      rmdir (self->folder); /* empty now */
      g_clear_pointer (&self->folder, g_free);
      return g_strv_builder_end (names);
    }
  bh_delivery_take_back (self);
  return NULL;
}

void
bh_delivery_take_back (BhDelivery *self)
{
  int inbox = open (self->inbox, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = self->items->pdata[i];
      struct stat st;

      if (item->placed && inbox >= 0 && fstatat (inbox, item->placed, &st, AT_SYMLINK_NOFOLLOW) == 0
          && st.st_dev == item->device && st.st_ino == item->inode)
        unlinkat (inbox, item->placed, 0);
      g_clear_pointer (&item->placed, g_free);
    }
  if (inbox >= 0)
    close (inbox);
}

void
bh_delivery_clean (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_prefix (name, PREFIX))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        bh_tree_remove (path);
      }
}

void
bh_delivery_add (BhDelivery *self, int fd, const char *name)
{
  Item *item = g_new0 (Item, 1);

  item->fd = fd;
  item->name = g_strdup (name);
  item->number = g_strdup_printf ("%u", self->items->len);
  g_ptr_array_add (self->items, item);
}

static void
bh_delivery_finalize (GObject *object)
{
  BhDelivery *self = BH_DELIVERY (object);

  if (self->folder)
    bh_tree_remove (self->folder);
  g_ptr_array_unref (self->items);
  g_free (self->folder);
  g_free (self->inbox);
  G_OBJECT_CLASS (bh_delivery_parent_class)->finalize (object);
}

static void
bh_delivery_class_init (BhDeliveryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_delivery_finalize;
}

static void
bh_delivery_init (BhDelivery *self)
{
  self->items = g_ptr_array_new_with_free_func (item_free);
}

BhDelivery *
bh_delivery_new (const char *inbox)
{
  BhDelivery *self = g_object_new (BH_TYPE_DELIVERY, NULL);

  self->inbox = g_strdup (inbox);
  return self;
}
