/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For gates that need next to nothing of the kernel: all but a few system calls end them. */
#pragma once

#include "bh-filter-program.h"

#include <stdbool.h>

#define ALLOW_CALL(name) IF (JEQ, SYS_##name, 0, 1), ALLOW

/* What every gate does: it waits for sockets that are open already, reads and writes them, says what is wrong, and ends. More
 * may be allowed behind it. */
#define FEW_CALLS                                                                                  \
  LOAD (arch), IF (JEQ, AUDIT_ARCH_X86_64, 1, 0), RETURN (SECCOMP_RET_KILL_PROCESS), LOAD (nr),    \
      ALLOW_CALL (poll), ALLOW_CALL (recvfrom), ALLOW_CALL (sendto), ALLOW_CALL (write),           \
      ALLOW_CALL (clock_gettime), /* where the vdso cannot tell the time */                        \
      ALLOW_CALL (restart_syscall), ALLOW_CALL (rt_sigreturn), ALLOW_CALL (exit_group)
/* The end of every such program. */
#define NO_OTHER_CALLS RETURN (SECCOMP_RET_KILL_PROCESS)

/* For this process, for good: only @program, of @n, decides; and its memory is not to be looked into. False with errno set. */
bool bh_few_calls_confine (const struct sock_filter *program, unsigned short n);

/* A line to standard error, by nothing but write(): libc's own ways look at the descriptor first, and end the process. */
void bh_few_calls_say (const char *program, const char *text);
