/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Words of a filter of system calls (Documentation/userspace-api/seccomp_filter.rst), for an array of
 * struct sock_filter. */
#pragma once

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#define X32_BIT 0x40000000u

#define LOAD(field) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, field))
#define RETURN(value) BPF_STMT (BPF_RET | BPF_K, (value))
#define ALLOW RETURN (SECCOMP_RET_ALLOW)
#define DENY RETURN (SECCOMP_RET_ERRNO | EPERM)
#define IF(op, value, then, otherwise)                                                             \
  BPF_JUMP (BPF_JMP | BPF_##op | BPF_K, (value), then, otherwise)

/* How each begins: no other kind of system calls, and then the call's number is loaded. */
#define BEGIN                                                                                      \
  LOAD (arch), IF (JEQ, AUDIT_ARCH_X86_64, 1, 0), RETURN (SECCOMP_RET_KILL_PROCESS), LOAD (nr),    \
      IF (JGE, X32_BIT, 0, 1), DENY

/* The call's number is loaded. */
#define DENY_CALL(name) IF (JEQ, SYS_##name, 0, 1), DENY

/* What no confined program needs, and whoever took it over would: ways round the filter, into other processes, to other
 * views of the files, and to more of the kernel. The call's number is loaded. */
#define DENY_WAYS_OUT                                                                              \
  DENY_CALL (io_uring_setup), DENY_CALL (io_uring_enter), DENY_CALL (io_uring_register),           \
      DENY_CALL (ptrace), DENY_CALL (process_vm_readv), DENY_CALL (process_vm_writev),             \
      DENY_CALL (pidfd_getfd), DENY_CALL (kcmp), DENY_CALL (open_by_handle_at), DENY_CALL (bpf),   \
      DENY_CALL (perf_event_open), DENY_CALL (keyctl), DENY_CALL (add_key),                        \
      DENY_CALL (request_key), DENY_CALL (unshare), DENY_CALL (setns), DENY_CALL (mount),          \
      DENY_CALL (move_mount), DENY_CALL (open_tree), DENY_CALL (fsopen), DENY_CALL (umount2),      \
      DENY_CALL (pivot_root), DENY_CALL (chroot)
