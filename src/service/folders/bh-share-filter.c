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

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bh-error.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#define X32_BIT 0x40000000u
#define SET_ID_BITS 06000

#define LOAD(field) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, field))
#define RETURN(value) BPF_STMT (BPF_RET | BPF_K, (value))
#define ALLOW RETURN (SECCOMP_RET_ALLOW)
#define DENY RETURN (SECCOMP_RET_ERRNO | EPERM)
#define IF(op, value, then, otherwise)                                                             \
  BPF_JUMP (BPF_JMP | BPF_##op | BPF_K, (value), then, otherwise)
/* The system call's number is loaded. */
#define DENY_CALL(name) IF (JEQ, SYS_##name, 0, 1), DENY
/* Unless argument @n, a mode, is without set-id bits. */
#define DENY_SET_ID(name, n)                                                                       \
  IF (JEQ, SYS_##name, 0, 4), LOAD (args[n]), IF (JSET, SET_ID_BITS, 0, 1), DENY, ALLOW

int
bh_share_filter_new (gboolean links, GError **error)
{
  const struct sock_filter program[] = {
    LOAD (arch),
    IF (JEQ, AUDIT_ARCH_X86_64, 1, 0),
    RETURN (SECCOMP_RET_KILL_PROCESS),
    LOAD (nr),
    IF (JGE, X32_BIT, 0, 1),
    DENY,
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
    DENY_CALL (io_uring_setup),
    DENY_CALL (io_uring_enter),
    DENY_CALL (io_uring_register),
    DENY_CALL (ptrace),
    DENY_CALL (process_vm_readv),
    DENY_CALL (process_vm_writev),
    DENY_CALL (kcmp),
    DENY_CALL (open_by_handle_at),
    DENY_CALL (bpf),
    DENY_CALL (userfaultfd),
    DENY_CALL (perf_event_open),
    DENY_CALL (keyctl),
    DENY_CALL (add_key),
    DENY_CALL (request_key),
    DENY_CALL (unshare),
    DENY_CALL (setns),
    DENY_CALL (mount),
    DENY_CALL (move_mount),
    DENY_CALL (open_tree),
    DENY_CALL (fsopen),
    DENY_CALL (umount2),
    DENY_CALL (pivot_root),
    DENY_CALL (chroot),
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
