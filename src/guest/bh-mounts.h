/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What configure makes of a guest that until then is like every other one. Root, in a VM only. */
#pragma once

#include "bh-messages.h"

#include <stdbool.h>
#include <stddef.h>

/* What is the same for every AppVM: /etc and /var from the host's seed, folders in memory, the user all
 * have so far. Called once, before the hello, so that a frozen guest has it done. Leaves no share of the
 * host's mounted: such a guest cannot be frozen. What could not be done is tried again, and told, by
 * bh_mounts_apply(). Returns: the user's runtime folder; NULL when there is none yet. */
const char *bh_mounts_prepare (void);
/* Make the file @name in that folder the user's. */
bool bh_mounts_own (const char *name);

/* Somebody is there, and configure is on its way: begin to mount /usr meanwhile. */
void bh_mounts_expect (void);
/* Nobody is, before configure came: as it was, so that the guest can be frozen. */
void bh_mounts_unexpect (void);
/* Nobody comes for long: this guest waits to be some AppVM and will not be frozen. Mount /usr, and use
 * what every program uses, so that the first one finds it in memory. */
void bh_mounts_warm_up (void);

/* Clock, random numbers, host name, /usr, /etc, /var, /tmp, /run, the user's account and home, as
 * @configure says. Called once, before any other program runs. On failure @detail (@size bytes, at
 * least 1) says in one sentence what could not be done; what was done stays. @detail is ""
 * otherwise. */
bool bh_mounts_apply (const bh_msg_configure *configure, char *detail, size_t size);

/* What only programs will miss: /opt, the files with names, the time zone, the room on a home disk that has grown. Called once after bh_mounts_apply() has
 * returned true and before any program runs: the host hears meanwhile that the guest is configured. */
void bh_mounts_complete (void);

/* Whether programs can be started at all: false when it was /usr that could not be mounted. */
bool bh_mounts_have_programs (void);

/* The user's shell, after bh_mounts_apply(). */
const char *bh_mounts_get_shell (void);

/* The home folder of the user @configure names, in @out. */
void bh_mounts_home (const bh_msg_configure *configure, char *out, size_t size);
