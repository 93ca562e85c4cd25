/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What remains allowed: reading and writing descriptors that are open already, and memory.
 *
 * Mustn't: open or connect to anything, start or signal anything, or get memory that can be executed. */
#include "bh-confine.h"

#include "bh-filter-program.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define ALLOW_CALL(name) IF (JEQ, SYS_##name, 0, 1), ALLOW

bool
bh_confine (void)
{
  static const struct sock_filter program[] = {
    LOAD (arch),
    IF (JEQ, AUDIT_ARCH_X86_64, 1, 0),
    RETURN (SECCOMP_RET_KILL_PROCESS),
    LOAD (nr),
    ALLOW_CALL (poll),
    ALLOW_CALL (read),
    ALLOW_CALL (write),
    ALLOW_CALL (readv),
    ALLOW_CALL (writev),
    ALLOW_CALL (recvfrom),
    ALLOW_CALL (sendto),
    ALLOW_CALL (recvmsg),
    ALLOW_CALL (sendmsg),
    ALLOW_CALL (close),
    ALLOW_CALL (brk),
    ALLOW_CALL (munmap),
    ALLOW_CALL (mremap),
    ALLOW_CALL (madvise),
    ALLOW_CALL (fstat),
    ALLOW_CALL (newfstatat),
    ALLOW_CALL (futex),
    ALLOW_CALL (clock_gettime), /* where the vdso cannot tell the time */
    ALLOW_CALL (restart_syscall),
    ALLOW_CALL (rt_sigreturn),
    ALLOW_CALL (exit_group),
    /* Memory for a screen, none of it to be executed: the third argument. */
    IF (JEQ, SYS_mmap, 0, 3),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[2])),
    IF (JSET, PROT_EXEC, 1, 0),
    ALLOW,
    RETURN (SECCOMP_RET_KILL_PROCESS),
  };
  const struct sock_fprog filter = { .len = sizeof program / sizeof *program,
                                     .filter = (struct sock_filter *) program };
  const struct rlimit none = { 0, 0 };

  return setrlimit (RLIMIT_CORE, &none) == 0 && prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
         && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
         && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}
