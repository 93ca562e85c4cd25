/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs the host has asked for: starting, watching and ending them. */
#pragma once

#include "bh-link.h"
#include "bh-session.h"

typedef struct _BhPrograms BhPrograms;

/* @stopped is called when bh_programs_shutdown has ended everything. @echo: copy output to stderr. */
BhPrograms *bh_programs_new (struct wl_event_loop *loop, BhLink *link, bool echo,
                             void (*stopped) (void *data), void *data);
void bh_programs_free (BhPrograms *programs);

/* @session: NULL before configure. Answers with launched. */
void bh_programs_launch (BhPrograms *programs, BhSession *session, const bh_msg_launch *launch);
void bh_programs_terminate (BhPrograms *programs, uint32_t id);
/* SIGTERM to all, SIGKILL after two seconds. */
void bh_programs_shutdown (BhPrograms *programs);

/* The launch the process belongs to, 0 when to none. */
uint32_t bh_programs_launch_of (BhPrograms *programs, pid_t pid);

/* Tell a new host who has ended meanwhile. */
void bh_programs_connected (BhPrograms *programs);

/* Say idle, once, when nothing runs and @windows is false. */
void bh_programs_check_idle (BhPrograms *programs, bool windows);
