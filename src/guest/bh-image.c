/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The image that a Debian template's programs are in: a disk with a squashfs, which the host attaches
 * read-only and names by its serial number. Its /etc and /var come by the seed, as this computer's do. */
#include "bh-image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define SERIAL "bulkhead-usr" /* src/service/boot/bh-domain-xml.c */
#define FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV)
#define PLACE "/mnt"

static bool
has_serial (const char *name)
{
  char path[300], serial[32] = "";
  int fd;
  ssize_t n = 0;

  snprintf (path, sizeof path, "/sys/block/%s/serial", name);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0)
    {
      n = read (fd, serial, sizeof serial - 1);
      close (fd);
    }
  serial[n > 0 ? n : 0] = '\0';
  serial[strcspn (serial, "\n")] = '\0';
  return strcmp (serial, SERIAL) == 0;
}

bool
bh_image_find (char *device, size_t size)
{
  DIR *dir = opendir ("/sys/block");
  struct dirent *entry;
  bool found = false;

  while (dir && !found && (entry = readdir (dir)))
    if (entry->d_name[0] == 'v' && has_serial (entry->d_name))
      found = (size_t) snprintf (device, size, "/dev/%s", entry->d_name) < size;
  if (dir)
    closedir (dir);
  return found;
}

bool
bh_image_mount (const char *device)
{
  int saved;
  bool ok;

  if (mount (device, PLACE, "squashfs", FLAGS, NULL) != 0)
    return false;
  /* A bind takes the flags along. */
  ok = mount (PLACE "/usr", "/usr", NULL, MS_BIND, NULL) == 0;
  saved = errno;
  umount2 (PLACE, MNT_DETACH);
  errno = saved;
  return ok;
}
