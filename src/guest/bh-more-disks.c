/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Additional disks: those whose serial number is not one of ours. */
#include "bh-more-disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 8000
#define LOOK_MS 5
#define OURS "bulkhead-"
#define MAX_DISKS 8
#define BY_ID "/dev/disk/by-id"

typedef struct
{
  char name[16], id[32];
  bool read_only;
} Disk;

static bool
read_word (const char *name, const char *file, char *out, size_t size)
{
  char path[300];
  int fd;
  ssize_t n = 0;

  snprintf (path, sizeof path, "/sys/block/%s/%s", name, file);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0)
    {
      n = read (fd, out, size - 1);
      close (fd);
    }
  out[n > 0 ? n : 0] = '\0';
  out[strcspn (out, "\n")] = '\0';
  return n > 0;
}

static uint32_t
list (Disk *disks)
{
  DIR *dir = opendir ("/sys/block");
  struct dirent *entry;
  uint32_t n = 0;

  while (dir && n < MAX_DISKS && (entry = readdir (dir)))
    {
      Disk *disk = &disks[n];
      char word[8];

      if (entry->d_name[0] != 'v' || strlen (entry->d_name) >= sizeof disk->name
          || !read_word (entry->d_name, "serial", disk->id, sizeof disk->id) || !disk->id[0]
          || strncmp (disk->id, OURS, strlen (OURS)) == 0 || strchr (disk->id, '/'))
        continue;
      strcpy (disk->name, entry->d_name);
      disk->read_only = read_word (disk->name, "ro", word, sizeof word) && word[0] == '1';
      n++;
    }
  if (dir)
    closedir (dir);
  return n;
}

static void
mount_disk (const Disk *disk, const char *device, uid_t uid)
{
  static const struct
  {
    const char *name;
    bool owners;
  } types[] = {
    { "ext4", true },    { "xfs", true },    { "btrfs", true },    { "squashfs", true },
    { "iso9660", false }, { "udf", false },  { "exfat", false },   { "vfat", false },
    { "ntfs3", false },
  };
  char where[64], owner[48];

  snprintf (where, sizeof where, "/media/%.31s", disk->id);
  snprintf (owner, sizeof owner, "uid=%u,gid=%u", (unsigned) uid, (unsigned) uid);
  if (mkdir (where, 0755) != 0)
    return;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (mount (device, where, types[i].name,
               MS_NOSUID | MS_NODEV | (disk->read_only ? MS_RDONLY : 0),
               types[i].owners ? NULL : owner)
        == 0)
      return;
  rmdir (where);
}

void
bh_more_disks_start (uint32_t expected, uid_t uid)
{
  const struct timespec moment = { .tv_nsec = LOOK_MS * 1000000 };
  Disk disks[MAX_DISKS];
  uint32_t n = 0;

  for (int i = 0; i < WAIT_MS / LOOK_MS && (n = list (disks)) < expected; i++)
    nanosleep (&moment, NULL);
  if (n < expected)
    g_warning ("%u of %u additional disks came", n, expected);
  mkdir ("/dev/disk", 0755);
  mkdir (BY_ID, 0755);
  for (uint32_t i = 0; i < n; i++)
    {
      char device[32], link[80];

      snprintf (device, sizeof device, "/dev/%.15s", disks[i].name);
      snprintf (link, sizeof link, BY_ID "/virtio-%.31s", disks[i].id);
      if (chown (device, uid, uid) != 0 || symlink (device, link) != 0)
        g_warning ("Cannot set up the disk %s: %m", disks[i].id);
      mount_disk (&disks[i], device, uid);
    }
}
