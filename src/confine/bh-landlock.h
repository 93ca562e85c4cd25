/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Landlock rule set in the making (Documentation/userspace-api/landlock.rst). */
#pragma once

#include <stdbool.h>

typedef enum
{
  BH_ALLOW_LIST, /* what is in folders, and no file of it */
  BH_ALLOW_READ,
  BH_ALLOW_EXECUTE, /* and read: one file */
  BH_ALLOW_WRITE,   /* and read; in a folder also make and remove files and sockets */
  BH_ALLOW_DEVICE,  /* read, write and ioctl */
} BhAllow;

/* A rule set that denies all file access, and as this kernel can, TCP, signals to and abstract
 * sockets of others. -1 with errno set: ENOSYS or EOPNOTSUPP when this kernel has no Landlock. */
int bh_landlock_new (void);

/* False with errno set; a @path that does not exist is ENOENT. */
bool bh_landlock_allow (int rules, const char *path, BhAllow what);

/* For this process, for good. No-new-privileges has to be set. */
bool bh_landlock_restrict (int rules);
