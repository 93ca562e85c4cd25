/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What remains allowed: ten system calls on descriptors that are open already.
 *
 * Mustn't: open or connect to anything, start or signal anything, or get memory that can be executed. */
#include "bh-confine.h"

#include "bh-few-calls.h"

bool
bh_confine (void)
{
  static const struct sock_filter program[] = {
    FEW_CALLS,
    ALLOW_CALL (recvmsg), /* the network's side comes with an order, */
    ALLOW_CALL (close),   /* and goes */
    NO_OTHER_CALLS,
  };

  return bh_few_calls_confine (program, sizeof program / sizeof *program);
}
