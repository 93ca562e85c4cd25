/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When a thawed guest's kernel is told that it is another machine than the frozen one. */
#pragma once

#include <wayland-server-core.h>

typedef struct _BhGeneration BhGeneration;

/* It is not told from now on. Once, before the guest can be frozen; root, in a VM only. */
BhGeneration *bh_generation_new (struct wl_event_loop *loop);
void bh_generation_free (BhGeneration *generation);

/* Soon, when there is less to do. */
void bh_generation_tell (BhGeneration *generation);
