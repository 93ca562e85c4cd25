/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Passes local connections on to another socket, with the descriptors they carry. */
#pragma once

#include <wayland-server-core.h>

typedef struct _BhRelay BhRelay;

/* Take whatever connects to @listening (which stays the caller's), and connect it to @path. */
BhRelay *bh_relay_new (struct wl_event_loop *loop, int listening, const char *path);
/* Closes all of its connections; those that nobody has taken yet still wait at the listening socket. */
void bh_relay_free (BhRelay *relay);
