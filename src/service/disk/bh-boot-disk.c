/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disk that an AppVM with Template=disk boots from.
 *
 * What is written over an image fits that image only, as it was: with kept changes there is a note of its size and
 * time. The file with the changes names no image; QEMU is told what lies below (bh-domain-disk.c), so that nothing a
 * guest could write there leads it anywhere. */
#include "config.h"

#include "bh-boot-disk.h"

#include "bh-disks.h"
#include "bh-error.h"
#include "bh-home-tool.h"
#include "bh-paths.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of BH_HOME_TOOL_FD. */
#define CHILD_PATH "/proc/self/fd/3"

void
bh_boot_disk_free (BhBootDisk *disk)
{
  if (disk->base >= 0)
    close (disk->base);
  if (disk->top >= 0)
    close (disk->top);
  g_free (disk);
}

BhDiskChanges
bh_boot_disk_get_changes (BhVmConfig *config)
{
  const char *changes = bh_vm_config_get (config, "ImageChanges");

  return g_str_equal (changes, "write")  ? BH_DISK_WRITE
         : g_str_equal (changes, "drop") ? BH_DISK_DROP
                                         : BH_DISK_KEEP;
}

/* No device: its size has to stay. */
static int
open_image (BhVmConfig *config, GError **error)
{
  const char *path = bh_vm_config_get (config, "Image");

  if (*path)
    return bh_disk_open_file ("disk image", path, bh_boot_disk_get_changes (config) == BH_DISK_WRITE, FALSE,
                              error);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "“%s” is to boot from a disk image, and has none yet: set Image to the whole path of one",
               bh_vm_config_get (config, "Name"));
  return -1;
}

gboolean
bh_boot_disk_check (BhVmConfig *config, BhVmConfig *before, GError **error)
{
  BhImage image;
  gboolean good;
  int fd;

  if (!bh_vm_config_is_disk (config))
    return TRUE;
  if (g_str_equal (bh_vm_config_get (config, "Network"), "vm"))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "Network cannot be vm with Template=disk: nothing in the image would give it an address in another "
                   "AppVM's network");
      return FALSE;
    }
  if (before && bh_vm_config_is_disk (before)
      && g_str_equal (bh_vm_config_get (before, "Image"), bh_vm_config_get (config, "Image"))
      && bh_boot_disk_get_changes (before) == bh_boot_disk_get_changes (config))
    return TRUE;
  if ((fd = open_image (config, error)) < 0)
    return FALSE;
  good = bh_image_read (fd, bh_vm_config_get (config, "Image"), &image, error);
  close (fd);
  return good;
}

/* What is written over it. */

static gboolean
make_empty (int fd, guint64 size, GCancellable *cancellable, GError **error)
{
  const BhHomeReach reach = { .write = CHILD_PATH, .largest = bh_home_tool_largest (size) };
  g_autoptr (GPtrArray) argv = bh_home_tool_confine ("qemu-img", &reach, error);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, size);
  int copy;

  if (!argv)
    return FALSE;
  copy = fcntl (fd, F_DUPFD_CLOEXEC, BH_HOME_TOOL_FD + 1);
  if (copy < 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a disk for changes");
      return FALSE;
    }
  bh_home_tool_add (argv, "create", "-q", "-f", "qcow2", CHILD_PATH, bytes, NULL);
  return bh_home_tool_run (argv, copy, "A disk for changes could not be made", cancellable, error);
}

/* A file without a name: nothing of it is left when QEMU is gone, whatever it died of. */
static int
open_dropped (guint64 size, GCancellable *cancellable, GError **error)
{
  g_autofree char *dir = bh_paths_data_dir ("homes");
  int fd;

  if (!bh_paths_ensure (dir, error))
    return -1;
  fd = open (dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
    {
      g_autofree char *name = g_build_filename (dir, ".changes-XXXXXX", NULL);

      fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
      if (fd >= 0)
        g_unlink (name);
    }
  if (fd < 0)
    bh_error_set_from_errno (error, errno, "Cannot make a disk for changes in %s", dir);
  else if (make_empty (fd, size, cancellable, error))
    return fd;
  else
    close (fd);
  return -1;
}

char *
bh_boot_disk_path (const char *id)
{
  g_autofree char *dir = bh_paths_data_dir ("homes");
  g_autofree char *name = g_strconcat (id, ".image.qcow2", NULL);

  return g_build_filename (dir, name, NULL);
}

static char *
describe_base (int fd)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return g_strdup ("");
  return g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld\n", (gint64) st.st_size,
                          (gint64) st.st_mtim.tv_sec, (long) st.st_mtim.tv_nsec);
}

/* The note comes first: changes without one would be taken for those of another image. */
static int
make_kept (const char *path, const char *note, const char *base, guint64 size, GCancellable *cancellable,
           GError **error)
{
  g_autofree char *fresh = g_strconcat (path, ".new", NULL);
  g_autofree char *dir = g_path_get_dirname (path);
  int fd;

  if (!bh_paths_ensure (dir, error) || !g_file_set_contents (note, base, -1, error))
    return -1;
  fd = open (fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a disk for changes in %s", dir);
      return -1;
    }
  if (make_empty (fd, size, cancellable, error))
    {
      if (fsync (fd) == 0 && g_rename (fresh, path) == 0)
        return fd;
      bh_error_set_from_errno (error, errno, "Cannot make a disk for changes in %s", dir);
    }
  close (fd);
  g_unlink (fresh);
  return -1;
}

static int
open_kept (BhVmConfig *config, const BhBootDisk *disk, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = bh_boot_disk_path (bh_vm_config_get_id (config));
  g_autofree char *note = g_strconcat (path, ".base", NULL);
  g_autofree char *base = describe_base (disk->base);
  g_autofree char *before = NULL;
  const char *image = bh_vm_config_get (config, "Image");
  BhImage changes;
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0 && errno == ENOENT)
    return make_kept (path, note, base, disk->image.size, cancellable, error);
  if (fd < 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot open %s", path);
      return -1;
    }
  /* A guest may have taken over the QEMU that wrote it. */
  if (bh_image_read (fd, path, &changes, error))
    {
      if (g_file_get_contents (note, &before, NULL, NULL) && g_str_equal (before, base)
          && changes.qcow2 && changes.size == disk->image.size)
        return fd;
      bh_error_refuse (error, BH_ERROR_FAILED, "disk image", image,
              "is not what it was when “%s” last ran: what was changed over it does not fit any more. Put it back, or "
              "drop those changes with “bulkheadctl image %s drop”.",
              bh_vm_config_get (config, "Name"), bh_vm_config_get_id (config));
    }
  close (fd);
  return -1;
}

BhBootDisk *
bh_boot_disk_open (BhVmConfig *config, GCancellable *cancellable, GError **error)
{
  g_autoptr (BhBootDisk) disk = g_new0 (BhBootDisk, 1);
  int fd = open_image (config, error);

  disk->base = disk->top = -1;
  disk->changes = bh_boot_disk_get_changes (config);
  if (disk->changes == BH_DISK_WRITE)
    disk->top = fd;
  else
    disk->base = fd;
  if (fd < 0 || !bh_image_read (fd, bh_vm_config_get (config, "Image"), &disk->image, error))
    return NULL;
  if (disk->changes == BH_DISK_KEEP)
    disk->top = open_kept (config, disk, cancellable, error);
  else if (disk->changes == BH_DISK_DROP)
    disk->top = open_dropped (disk->image.size, cancellable, error);
  return disk->top >= 0 ? g_steal_pointer (&disk) : NULL;
}

guint64
bh_boot_disk_kept (const char *id)
{
  g_autofree char *path = bh_boot_disk_path (id);
  struct stat st;

  return lstat (path, &st) == 0 ? (guint64) st.st_blocks * 512 : 0;
}

gboolean
bh_boot_disk_forget (const char *id, GError **error)
{
  static const char *const beside[] = { ".new", ".base" };
  g_autofree char *path = bh_boot_disk_path (id);

  if (g_unlink (path) != 0 && errno != ENOENT)
    {
      bh_error_set_from_errno (error, errno, "Cannot delete %s", path);
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (beside); i++)
    {
      g_autofree char *more = g_strconcat (path, beside[i], NULL);

      g_unlink (more);
    }
  return TRUE;
}
