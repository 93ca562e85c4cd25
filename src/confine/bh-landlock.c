/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Landlock rule set in the making. What newer kernels can also deny is asked of the running one:
 * the numbers below are the kernel's own, spelled out because older headers lack them. */
#include "bh-landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS_REFER (1ull << 13)     /* ABI 2 */
#define FS_TRUNCATE (1ull << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define NET_BIND_CONNECT_TCP 3ull /* ABI 4 */
#define SCOPE_SOCKET_SIGNAL 3ull  /* ABI 6 */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FS_MAKE                                                                                    \
  (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* What a rule about a file, not a folder, may hold. */
#define FS_OF_FILES                                                                                \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | FS_WRITE | FS_IOCTL_DEV)

struct attributes
{
  uint64_t handled_access_fs, handled_access_net, scoped;
};

static uint64_t handled_fs;

int
bh_landlock_new (void)
{
  struct attributes attributes = { 0 };
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  size_t size = sizeof attributes.handled_access_fs;

  if (abi < 0)
    return -1;
  /* Bits 0 to 12 are ABI 1: execute, read, write, remove and make of every kind. */
  handled_fs = (1ull << 13) - 1;
  if (abi >= 2)
    handled_fs |= FS_REFER;
  if (abi >= 3)
    handled_fs |= FS_TRUNCATE;
  if (abi >= 5)
    handled_fs |= FS_IOCTL_DEV;
  attributes.handled_access_fs = handled_fs;
  if (abi >= 4)
    {
      attributes.handled_access_net = NET_BIND_CONNECT_TCP;
      size = 16;
    }
  if (abi >= 6)
    {
      attributes.scoped = SCOPE_SOCKET_SIGNAL;
      size = 24;
    }
  return syscall (SYS_landlock_create_ruleset, &attributes, size, 0);
}

bool
bh_landlock_allow (int rules, const char *path, BhAllow what)
{
  static const uint64_t access[] = {
    [BH_ALLOW_LIST] = LANDLOCK_ACCESS_FS_READ_DIR,
    [BH_ALLOW_READ] = FS_READ,
    [BH_ALLOW_EXECUTE] = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE,
    [BH_ALLOW_WRITE] = FS_READ | FS_WRITE | FS_MAKE,
    [BH_ALLOW_DEVICE] = FS_READ | FS_WRITE | FS_IOCTL_DEV,
  };
  struct landlock_path_beneath_attr rule = { .allowed_access = access[what] & handled_fs };
  struct stat st;
  bool ok;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return false;
  if (fstat (rule.parent_fd, &st) == 0 && !S_ISDIR (st.st_mode))
    rule.allowed_access &= FS_OF_FILES;
  ok = syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close (rule.parent_fd);
  return ok;
}

bool
bh_landlock_restrict (int rules)
{
  return syscall (SYS_landlock_restrict_self, rules, 0) == 0;
}
