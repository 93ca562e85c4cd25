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
 * Mustn't: let it make or connect a socket (but what BhFilterLeave is about), or do that by way of io_uring, send a
 * signal to another process, or look into one.
 * QEMU's own filter (-sandbox on, which libvirt asks for) comes on top; a call must pass both. */
#include "bh-filter.h"

#include "bh-filter-program.h"

#include <linux/netlink.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The system call's number is loaded. */
#define ALLOW_CALL_ON(name, pid)                                                                   \
  IF (JEQ, SYS_##name, 0, 4), LOAD (args[0]), IF (JEQ, (pid), 0, 1), RETURN (SECCOMP_RET_ALLOW),   \
      DENY

bool
bh_filter_install (BhFilterLeave leave)
{
  /* Of what is not left: a number that nothing has. */
  const uint32_t hears = leave & BH_LEAVE_DEVICE_EVENTS ? NETLINK_KOBJECT_UEVENT : UINT32_MAX;
  const uint32_t local = leave & BH_LEAVE_LOCAL_SOCKETS ? AF_UNIX : UINT32_MAX;
  const uint32_t connects = leave & BH_LEAVE_LOCAL_SOCKETS ? UINT32_MAX : SYS_connect;
  const uint32_t self = getpid ();
  struct sock_filter program[] = {
    BEGIN,
    IF (JEQ, SYS_socket, 0, 8),
    LOAD (args[0]),
    IF (JEQ, local, 0, 1),
    ALLOW,
    IF (JEQ, AF_NETLINK, 0, 3),
    LOAD (args[2]),
    IF (JEQ, hears, 0, 1),
    ALLOW,
    DENY,
    IF (JEQ, connects, 0, 1),
    DENY,
    DENY_CALL (tkill),
    DENY_CALL (rt_sigqueueinfo),
    DENY_CALL (rt_tgsigqueueinfo),
    DENY_CALL (pidfd_send_signal),
    DENY_WAYS_OUT,
    ALLOW_CALL_ON (kill, self),
    ALLOW_CALL_ON (tgkill, self),
    ALLOW,
  };
  const struct sock_fprog filter = { .len = sizeof program / sizeof *program, .filter = program };

  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}
