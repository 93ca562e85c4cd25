/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The seed of /etc and /var: a cpio archive that the service made (src/service/boot/bh-template.c), in
 * the format of Documentation/driver-api/early-userspace/buffer-format.rst: per entry "070701", 13
 * numbers of 8 hexadecimal digits, the name with its NUL, padding to 4, the data, padding to 4;
 * "TRAILER!!!" ends it. */
#include "bh-seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-checked.h"

#define HEADER 110
#define MAX_SEED (256u << 20)

/* The 13 numbers. */
enum
{
  INO,
  MODE,
  UID,
  GID,
  NLINK,
  MTIME,
  FILE_SIZE,
  DEV_MAJOR,
  DEV_MINOR,
  RDEV_MAJOR,
  RDEV_MINOR,
  NAME_SIZE,
  CHECK,
  N_NUMBERS
};

static bool
read_numbers (const uint8_t *header, uint32_t numbers[N_NUMBERS])
{
  if (memcmp (header, "070701", 6) != 0)
    return false;
  for (int i = 0; i < N_NUMBERS; i++)
    {
      char digits[9], *end;

      memcpy (digits, header + 6 + i * 8, 8);
      digits[8] = '\0';
      numbers[i] = strtoul (digits, &end, 16);
      if (*end)
        return false;
    }
  return true;
}

static bool
is_name_good (const char *name)
{
  if (strcmp (name, "etc") != 0 && strcmp (name, "var") != 0 && strncmp (name, "etc/", 4) != 0
      && strncmp (name, "var/", 4) != 0)
    return false;
  return !strstr (name, "/../") && !strstr (name, "//")
         && (strlen (name) < 3 || strcmp (name + strlen (name) - 3, "/..") != 0);
}

/* @name is relative to @root. Links in the way are followed: the service puts none above a file. */
static bool
make_entry (int root, const char *name, uint32_t mode, const uint8_t *data, size_t size)
{
  char target[4096];
  int fd;
  bool ok;

  if (S_ISDIR (mode))
    return (mkdirat (root, name, 0755) == 0 || errno == EEXIST)
           && fchmodat (root, name, mode & 07777, 0) == 0;
  unlinkat (root, name, 0);
  if (S_ISLNK (mode))
    {
      if (size >= sizeof target)
        {
          errno = ENAMETOOLONG;
          return false;
        }
      memcpy (target, data, size);
      target[size] = '\0';
      return symlinkat (target, root, name) == 0;
    }
  if (!S_ISREG (mode))
    {
      errno = EINVAL;
      return false;
    }
  fd = openat (root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0755);
  if (fd < 0)
    return false;
  ok = write (fd, data, size) == (ssize_t) size;
  return close (fd) == 0 && ok;
}

static bool
unpack (int root, const uint8_t *data, size_t size)
{
  size_t at = 0;

  errno = EINVAL;
  while (bh_range_fits (at, HEADER, size))
    {
      uint32_t n[N_NUMBERS];
      const char *name = (const char *) data + at + HEADER;
      size_t body;

      if (!read_numbers (data + at, n) || n[NAME_SIZE] < 2
          || !bh_range_fits (at + HEADER, n[NAME_SIZE], size) || name[n[NAME_SIZE] - 1] != '\0')
        return false;
      if (strcmp (name, "TRAILER!!!") == 0)
        return true;
      body = (at + HEADER + n[NAME_SIZE] + 3) & ~(size_t) 3;
      if (!bh_range_fits (body, n[FILE_SIZE], size) || !is_name_good (name)
          || !make_entry (root, name, n[MODE], data + body, n[FILE_SIZE]))
        return false;
      at = (body + n[FILE_SIZE] + 3) & ~(size_t) 3;
      errno = EINVAL;
    }
  return false;
}

bool
bh_seed_unpack (const char *file, const char *folder)
{
  int fd = open (file, O_RDONLY | O_CLOEXEC);
  int root = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC), saved = errno;
  struct stat st;
  uint8_t *data = NULL;
  size_t have = 0;
  bool ok = false;

  if (fd >= 0 && root >= 0 && fstat (fd, &st) == 0 && st.st_size > 0 && st.st_size <= MAX_SEED)
    data = malloc (st.st_size);
  else
    st.st_size = 0;
  while (data && have < (size_t) st.st_size)
    {
      ssize_t n = read (fd, data + have, st.st_size - have);

      if (n <= 0)
        break;
      have += n;
    }
  if (data && have == (size_t) st.st_size)
    ok = unpack (root, data, have);
  saved = errno ? errno : saved;
  free (data);
  if (fd >= 0)
    close (fd);
  if (root >= 0)
    close (root);
  errno = saved;
  return ok;
}
