/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What configure makes of a guest that until then is like every other one. Root, in a VM only. */
#pragma once

#include "bh-messages.h"

#include <stdbool.h>
#include <stddef.h>

/* What is the same for every AppVM and takes long: /etc and /var from the host's seed. Called once,
 * before the hello, so that a frozen guest has it done. Leaves nothing mounted: a guest that has a
 * share mounted cannot be frozen. What could not be done is tried again, and told, by the next. */
void bh_mounts_prepare (void);

/* Clock, random numbers, name, /usr, /opt, /etc, /var, /tmp, /run, the user's account and home, as
 * @configure says. Called once, before any other program runs. On failure @detail (@size bytes, at
 * least 1) says in one sentence what could not be done; what was done stays. @detail is ""
 * otherwise. */
bool bh_mounts_apply (const bh_msg_configure *configure, char *detail, size_t size);

/* Whether programs can be started at all: false when it was /usr that could not be mounted. */
bool bh_mounts_have_programs (void);

/* The home folder of the user @configure names, in @out. */
void bh_mounts_home (const bh_msg_configure *configure, char *out, size_t size);
