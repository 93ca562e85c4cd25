/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Other AppVMs that use this one's network. Root, in a VM only. */
#pragma once

#include <wayland-server.h>

typedef struct _BhForward BhForward;

/* @detail: what went wrong, in one sentence; NULL: the rules are in force. Called when nothing else waits. */
typedef void (*BhForwardDone) (void *data, const char *detail);

BhForward *bh_forward_new (struct wl_event_loop *loop, BhForwardDone done, void *data);
void bh_forward_free (BhForward *forward);

/**
 * bh_forward_set:
 * @clients: names of the interfaces that lead to them; none: forwarding ends
 * @addresses: this AppVM's on those links, to which they send their questions for names
 * @servers: where those questions go; the first of each family counts
 *
 * done() follows. What is given while that is under way comes after it.
 */
void bh_forward_set (BhForward *forward, const char *const *clients, const char *const *addresses,
                     const char *const *servers);
