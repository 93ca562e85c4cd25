/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The user's home on a disk of its own: an ext4 file system that the host has made
 * (src/service/bh-home-disk.c). Nothing but the kernel is needed here, so any template will do.
 *
 * A new one belongs to root, as do the files that the host has put in it; the root's owner changes last,
 * so that what was interrupted is done again. */
#include "bh-home.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "bh-disk.h"

#define SERIAL "bulkhead-home" /* src/service/bh-home.c */
#define WAIT_SECONDS 60
#define MAX_OPEN 16
/* Linux's fs/ext4/ext4.h has it, and no header for programs. */
#define EXT4_IOC_RESIZE_FS _IOW ('f', 16, __u64)

static uid_t owner;     /* for hand_over(), which nftw() tells nothing */
static char device[64]; /* "" while none is mounted */

static int
hand_over (const char *path, const struct stat *st, int kind, struct FTW *at)
{
  return at->level == 0 ? 0 : lchown (path, owner, owner);
}

static bool
make_the_users (const char *where, uid_t uid)
{
  struct stat st;
  char lost[80];

  if (stat (where, &st) != 0)
    return false;
  if (st.st_uid == uid)
    return true;
  owner = uid;
  if ((size_t) snprintf (lost, sizeof lost, "%s/lost+found", where) < sizeof lost)
    rmdir (lost);
  return nftw (where, hand_over, MAX_OPEN, FTW_PHYS | FTW_MOUNT) == 0 && chmod (where, 0700) == 0
         && chown (where, uid, uid) == 0;
}

static bool
fill_disk (const char *where)
{
  int disk = open (device, O_RDONLY | O_CLOEXEC), root = open (where, O_RDONLY | O_CLOEXEC);
  struct statfs st;
  uint64_t bytes = 0;
  __u64 blocks;
  bool ok = disk >= 0 && root >= 0 && ioctl (disk, BLKGETSIZE64, &bytes) == 0
            && fstatfs (root, &st) == 0;

  if (ok)
    {
      blocks = bytes / (uint64_t) st.f_bsize;
      ok = ioctl (root, EXT4_IOC_RESIZE_FS, &blocks) == 0 || errno == EBUSY;
    }
  if (disk >= 0)
    close (disk);
  if (root >= 0)
    close (root);
  return ok;
}

bool
bh_home_fill_disk (const char *where)
{
  return !device[0] || fill_disk (where);
}

bool
bh_home_mount (const char *where, uid_t uid, const char **what)
{
  char found[sizeof device];

  *what = "The disk of the home folder did not come";
  if (!bh_disk_wait (SERIAL, WAIT_SECONDS, found, sizeof found))
    return false;
  *what = "The home folder's disk cannot be mounted";
  if (mount (found, where, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME,
             "discard,errors=remount-ro,noinit_itable")
      != 0)
    return false;
  memcpy (device, found, sizeof device);
  *what = "The home folder cannot be handed over to the user";
  return make_the_users (where, uid);
}
