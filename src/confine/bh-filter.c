/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * System calls that a confined program does not need, and whoever took it over would.
 *
 * Landlock says nothing about connecting to sockets that have a path, and the session bus is one:
 * whoever may call it can have programs started. Before ABI 6 it says nothing about signals either.
 * So:
 *
 * Should: leave all that a domain needs whose sockets libvirt opened for it (accept, send and
 * receive, threads and signals of its own), and a decoder, which needs less.
 * Mustn't: let it make or connect a socket (but the one that hears_devices is about), or do that by way of io_uring, send a signal to another
 * process, or look into one.
 * QEMU's own filter (-sandbox on, which libvirt asks for) comes on top; a call must pass both. */
#include "bh-filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#define X32_BIT 0x40000000u

#define LOAD(field) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, field))
#define RETURN(value) BPF_STMT (BPF_RET | BPF_K, (value))
#define DENY RETURN (SECCOMP_RET_ERRNO | EPERM)
#define IF(op, value, then, otherwise)                                                             \
  BPF_JUMP (BPF_JMP | BPF_##op | BPF_K, (value), then, otherwise)
/* The system call's number is loaded. */
#define DENY_CALL(name) IF (JEQ, SYS_##name, 0, 1), DENY
#define ALLOW_CALL_ON(name, pid)                                                                   \
  IF (JEQ, SYS_##name, 0, 4), LOAD (args[0]), IF (JEQ, (pid), 0, 1), RETURN (SECCOMP_RET_ALLOW),   \
      DENY

bool
bh_filter_install (bool hears_devices)
{
  const uint32_t hears = hears_devices ? NETLINK_KOBJECT_UEVENT : UINT32_MAX;
  const uint32_t self = getpid ();
  struct sock_filter program[] = {
    LOAD (arch),
    IF (JEQ, AUDIT_ARCH_X86_64, 1, 0),
    RETURN (SECCOMP_RET_KILL_PROCESS),
    LOAD (nr),
    IF (JGE, X32_BIT, 0, 1),
    DENY,
    IF (JEQ, SYS_socket, 0, 6),
    LOAD (args[0]),
    IF (JEQ, AF_NETLINK, 0, 3),
    LOAD (args[2]),
    IF (JEQ, hears, 0, 1),
    RETURN (SECCOMP_RET_ALLOW),
    DENY,
    DENY_CALL (connect),
    DENY_CALL (io_uring_setup),
    DENY_CALL (io_uring_enter),
    DENY_CALL (io_uring_register),
    DENY_CALL (tkill),
    DENY_CALL (rt_sigqueueinfo),
    DENY_CALL (rt_tgsigqueueinfo),
    DENY_CALL (pidfd_send_signal),
    DENY_CALL (pidfd_getfd),
    DENY_CALL (ptrace),
    DENY_CALL (process_vm_readv),
    DENY_CALL (process_vm_writev),
    DENY_CALL (kcmp),
    DENY_CALL (open_by_handle_at),
    DENY_CALL (bpf),
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
    ALLOW_CALL_ON (kill, self),
    ALLOW_CALL_ON (tgkill, self),
    RETURN (SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = { .len = sizeof program / sizeof *program, .filter = program };

  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}
