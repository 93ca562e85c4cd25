/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_region: a set of rectangles an application puts together. */
#pragma once

#include <pixman.h>
#include <wayland-server.h>

void bh_region_create (struct wl_client *client, uint32_t version, uint32_t id);

/* The rectangles of a wl_region. */
pixman_region32_t *bh_region_get (struct wl_resource *resource);
