/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Memory for pictures that the compositor maps: an arena in one memfd, handed out first-fit.
 *
 * There are two. The shared region (made and sealed by bulkhead-vmm) is written by the guest; the
 * proxy never maps it, so nothing the guest does to it can reach the proxy. The proxy's own region
 * serves where there is no shared one or it is full: the guest's pixels messages are copied there.
 */
#pragma once

#include <wayland-client.h>

#include "bh-proxy.h"

#define BH_REGION_OWN_BYTES (96u << 20)

/* @fd becomes the region's. Refused when the file could still shrink under the compositor. */
BhRegion *bh_region_new_shared (BhDisplay *display, int fd, GError **error);
BhRegion *bh_region_new_own (BhDisplay *display, GError **error);
void bh_region_free (BhRegion *region);

/* The guest has mapped only @bytes: hand out no more. Before anything was handed out. */
void bh_region_limit (BhRegion *region, guint64 bytes);

gboolean bh_region_alloc (BhRegion *region, guint64 length, guint64 *offset);
void bh_region_release (BhRegion *region, guint64 offset);

/* Copy to the proxy's own region; the range was checked by the caller. */
void bh_region_write (BhRegion *region, guint64 offset, const void *data, gsize length);

struct wl_buffer *bh_region_create_buffer (BhRegion *region, guint64 offset, int width, int height,
                                           int stride);
gboolean bh_region_is_shared (BhRegion *region);
