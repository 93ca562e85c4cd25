/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Landlock: no file system but some folders, read-only (landlock.7).
 *
 * Every right this header knows and the kernel has is handled, so that what is not allowed here is
 * refused. */
#include "config.h"

#include "bh-isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights by version of the kernel's Landlock; this kernel's headers may not know the later ones. */
#define FS_RIGHTS_1 ((1ull << 13) - 1)
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define NET_RIGHTS 3ull
#define SCOPE_RIGHTS 3ull
#define READABLE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* struct landlock_ruleset_attr as it is from version 6 on; the kernel takes shorter ones. */
typedef struct
{
  guint64 fs, net, scoped;
} Ruleset;

gboolean
bh_landlock_restrict (const char *const *readable)
{
  Ruleset ruleset = { .fs = FS_RIGHTS_1 };
  gsize size = sizeof ruleset.fs;
  gboolean done;
  int fd;
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  if (abi < 1)
    return FALSE;
  if (abi >= 2)
    ruleset.fs |= FS_REFER;
  if (abi >= 3)
    ruleset.fs |= FS_TRUNCATE;
  if (abi >= 4)
    {
      ruleset.net = NET_RIGHTS;
      size += sizeof ruleset.net;
    }
  if (abi >= 5)
    ruleset.fs |= FS_IOCTL_DEV;
  /* Version 6 scopes signals and abstract sockets. */
  if (abi >= 6)
    {
      ruleset.scoped = SCOPE_RIGHTS;
      size += sizeof ruleset.scoped;
    }
  fd = (int) syscall (SYS_landlock_create_ruleset, &ruleset, size, 0);
  if (fd < 0)
    return FALSE;
  for (gsize i = 0; readable[i]; i++)
    {
      struct landlock_path_beneath_attr rule = { .allowed_access = READABLE };

      rule.parent_fd = open (readable[i], O_PATH | O_CLOEXEC | O_DIRECTORY);
      if (rule.parent_fd < 0)
        continue; /* what does not exist needs no permission */
      syscall (SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
      close (rule.parent_fd);
    }
  done = syscall (SYS_landlock_restrict_self, fd, 0) == 0;
  close (fd);
  return done;
}
