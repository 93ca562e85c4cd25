/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The system calls that the server of a shared folder does not get.
 *
 * Should: leave what serving files takes.
 * Mustn't: let a guest make what can harm whoever looks at the folder here: FIFOs on which a program waits
 * for ever, sockets, device nodes, set-uid and set-gid bits, and in the Inbox links that lead elsewhere.
 * Mustn't: let a server that was taken over talk to anything, or get at more of the kernel than files. */
#include "config.h"

#include "bh-share-filter.h"

#include "bh-filter-program.h"

#include <sys/mman.h>
#include <unistd.h>

#include "bh-error.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#define SET_ID_BITS 06000

/* Unless argument @n, a mode, is without set-id bits. */
#define DENY_SET_ID(name, n)                                                                       \
  IF (JEQ, SYS_##name, 0, 4), LOAD (args[n]), IF (JSET, SET_ID_BITS, 0, 1), DENY, ALLOW

int
bh_share_filter_new (gboolean links, GError **error)
{
  const struct sock_filter program[] = {
    BEGIN,
    DENY_SET_ID (chmod, 1),
    DENY_SET_ID (fchmod, 1),
    DENY_SET_ID (fchmodat, 2),
    DENY_SET_ID (fchmodat2, 2),
    DENY_SET_ID (open, 2),
    DENY_SET_ID (openat, 3),
    DENY_SET_ID (creat, 1),
    DENY_SET_ID (mkdir, 1),
    DENY_SET_ID (mkdirat, 2),
    DENY_CALL (openat2),
    DENY_CALL (mknod),
    DENY_CALL (mknodat),
    DENY_CALL (socket),
    DENY_CALL (socketpair),
    DENY_CALL (connect),
    DENY_CALL (bind),
    DENY_CALL (userfaultfd),
    DENY_WAYS_OUT,
    ALLOW,
  };
  const struct sock_filter no_links[] = {
    LOAD (nr),
    DENY_CALL (symlink),
    DENY_CALL (symlinkat),
  };
  int fd = memfd_create ("bulkhead-share-filter", 0);
  gboolean ok;

  ok = fd >= 0 && (links || write (fd, no_links, sizeof no_links) == (gssize) sizeof no_links)
       && write (fd, program, sizeof program) == (gssize) sizeof program
       && lseek (fd, 0, SEEK_SET) == 0;
  if (ok)
    return fd;
  bh_error_set_from_errno (error, errno, "Cannot write a filter for the server of a folder");
  if (fd >= 0)
    close (fd);
  return -1;
}
