/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What remains allowed: reading and writing descriptors that are open already, and memory.
 *
 * Mustn't: open or connect to anything, start or signal anything, or get memory that can be executed. */
#include "bh-confine.h"

#include "bh-few-calls.h"

#include <sys/mman.h>

bool
bh_confine (void)
{
  static const struct sock_filter program[] = {
    FEW_CALLS,
    ALLOW_CALL (read), /* the wire's way, which is not always a socket */
    /* Memory for a screen and for what waits. */
    ALLOW_CALL (brk),
    ALLOW_CALL (munmap),
    ALLOW_CALL (mremap),
    ALLOW_CALL (madvise),
    /* None of it to be executed. */
    IF (JEQ, SYS_mmap, 0, 3),
    LOAD (args[2]),
    IF (JSET, PROT_EXEC, 1, 0),
    ALLOW,
    NO_OTHER_CALLS,
  };

  return bh_few_calls_confine (program, sizeof program / sizeof *program);
}
