/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cursors: a program's cursor surface becomes a cursor_image, a named one a cursor_shape. */
#pragma once

#include "bh-seat.h"

extern const BhRole bh_cursor_role;

/* wl_pointer.set_cursor; @surface NULL hides it. Without effect unless @client has the pointer. */
void bh_cursor_set (BhSeat *seat, struct wl_client *client, BhSurface *surface, int32_t hotspot_x,
                    int32_t hotspot_y);

/* The global wp_cursor_shape_manager_v1, where its protocol was there to build with. */
void bh_cursor_shape_init (BhSeat *seat);
