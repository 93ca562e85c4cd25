/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The image that a Debian template's programs are in: a disk with a squashfs, which the host attaches
 * read-only and names by its serial number. Its /etc and /var come by the seed, as this computer's do. */
#include "bh-image.h"

#include <errno.h>
#include <sys/mount.h>

#include "bh-disk.h"

#define SERIAL "bulkhead-usr" /* src/service/boot/bh-domain-xml.c */
#define FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV)
#define PLACE "/mnt"

bool
bh_image_find (char *device, size_t size)
{
  return bh_disk_find (SERIAL, device, size);
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
