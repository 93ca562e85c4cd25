/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where programs write what is gone at the stop, with a limit: all that the user may write to but
 * /dev/shm and /run, which are memory by what they are for. */
#include "bh-scratch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-disk.h"

#define SERIAL "bulkhead-scratch" /* src/service/home/bh-home.c */
#define PLACE "/run/bulkhead-scratch"
#define WAIT_SECONDS 60
#define SAFE (MS_NOSUID | MS_NODEV)

static bool
mount_scratch (uint32_t mib, bool disk)
{
  char text[64];

  if (!disk)
    {
      snprintf (text, sizeof text, "mode=0755,size=%um", (unsigned) mib);
      return mount ("tmpfs", PLACE, "tmpfs", SAFE, text) == 0;
    }
  return bh_disk_wait (SERIAL, WAIT_SECONDS, text, sizeof text)
         && mount (text, PLACE, "ext4", SAFE | MS_NOATIME, "discard,noinit_itable") == 0;
}

static bool
make_dir (const char *path, mode_t mode, uid_t owner)
{
  return (mkdir (path, 0700) == 0 || errno == EEXIST) && chown (path, owner, owner) == 0
         && chmod (path, mode) == 0;
}

bool
bh_scratch_mount (uint32_t mib, bool disk, const char *home, uid_t uid, const char **what)
{
  static const struct
  {
    const char *name, *where;
    mode_t mode;
  } trees[] = {
    { PLACE "/tmp", "/tmp", 01777 },
    { PLACE "/var-tmp", "/var/tmp", 01777 },
    { PLACE "/home", "/home", 0755 },
  };

  *what = disk ? "The scratch disk cannot be mounted" : "The memory for files cannot be limited";
  if (!make_dir (PLACE, 0700, 0) || !mount_scratch (mib, disk))
    return false;
  *what = "The place for files that are gone at the stop cannot be made";
  for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
    if (!make_dir (trees[i].name, trees[i].mode, 0) || !make_dir (trees[i].where, trees[i].mode, 0)
        || mount (trees[i].name, trees[i].where, NULL, MS_BIND, NULL) != 0)
      return false;
  return make_dir (home, 0700, uid) && make_dir ("/tmp/.X11-unix", 01777, 0)
         && make_dir ("/tmp/.ICE-unix", 01777, 0);
}
