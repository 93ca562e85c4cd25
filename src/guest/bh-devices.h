/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Devices that are plugged into the guest while it runs. Root, in a VM only. */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <wayland-server-core.h>

typedef struct _BhDevices BhDevices;

/* Listens from now on. %NULL when the kernel does not let us. */
BhDevices *bh_devices_new (struct wl_event_loop *loop);
void bh_devices_free (BhDevices *devices);

/* /usr is there, with drivers, and the user is @uid: what has been plugged in gets its driver now. */
void bh_devices_start (BhDevices *devices, uid_t uid);
