/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Launches whose files are on their way: the folder that they are in comes as it is needed (bh-folders.c). */
#pragma once

#include "bh-link.h"

typedef struct _BhWaiting BhWaiting;

/* @ready: called with each launch whose files are there or have not come in time. */
BhWaiting *bh_waiting_new (struct wl_event_loop *loop,
                           void (*ready) (void *data, const bh_msg_launch *launch), void *data);
void bh_waiting_free (BhWaiting *waiting);

/* Whether every file that @launch names is there. */
bool bh_waiting_is_over (const bh_msg_launch *launch);

/* Call back later; @launch need not stay. False when too many wait already. */
bool bh_waiting_add (BhWaiting *waiting, const bh_msg_launch *launch);

/* Wait no longer for the launch @id. */
void bh_waiting_give_up (BhWaiting *waiting, uint32_t id);

unsigned bh_waiting_count (BhWaiting *waiting);
