/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Disks, which the host names by their serial numbers. */
#include "bh-disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 4

static bool
has_serial (const char *name, const char *wanted)
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
  return strcmp (serial, wanted) == 0;
}

bool
bh_disk_find (const char *serial, char *device, size_t size)
{
  DIR *dir = opendir ("/sys/block");
  struct dirent *entry;
  bool found = false;

  while (dir && !found && (entry = readdir (dir)))
    if (entry->d_name[0] == 'v' && has_serial (entry->d_name, serial))
      found = (size_t) snprintf (device, size, "/dev/%s", entry->d_name) < size;
  if (dir)
    closedir (dir);
  return found;
}

bool
bh_disk_wait (const char *serial, int seconds, char *device, size_t size)
{
  const struct timespec moment = { .tv_nsec = LOOK_MS * 1000000 };

  for (int i = 0; i < seconds * 1000 / LOOK_MS; i++)
    {
      if (bh_disk_find (serial, device, size) && access (device, R_OK) == 0)
        return true;
      nanosleep (&moment, NULL);
    }
  errno = ETIMEDOUT;
  return false;
}
