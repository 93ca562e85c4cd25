/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guest's network interfaces, as the host tells them. Root, in a VM only. */
#pragma once

#include "bh-link.h"

typedef struct _BhNetwork BhNetwork;

BhNetwork *bh_network_new (struct wl_event_loop *loop, BhLink *link);
void bh_network_free (BhNetwork *network);

/* Set up an interface, now or as soon as it is there; answered by network_state. */
void bh_network_set (BhNetwork *network, const bh_msg_network *message);
void bh_network_remove (BhNetwork *network, uint32_t slot);

/* Before a program starts: wait, not for long, for interfaces that were announced and are not there yet. */
void bh_network_settle (BhNetwork *network);
