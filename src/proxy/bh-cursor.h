/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pointer's picture while it is over this guest's windows: a shape of the host's own theme, or
 * a small picture of the guest while over its content. */
#pragma once

#include "bh-proxy.h"

BhCursor *bh_cursor_new (BhProxy *proxy);
void bh_cursor_free (BhCursor *cursor);

/* Show the shape with this number (wp_cursor_shape_device_v1.shape), at @scale_120, for the enter
 * with the compositor's @serial. */
void bh_cursor_show_shape (BhCursor *cursor, guint32 shape, guint scale_120, guint32 serial);
void bh_cursor_hide (BhCursor *cursor, guint32 serial);
/* NULL, or what was wrong with it. */
const char *bh_cursor_show_image (BhCursor *cursor, const bh_msg_cursor_image *untrusted,
                                  guint32 serial);

/* For the frame: xdg_toplevel.resize_edge to a shape. */
guint32 bh_cursor_edge_shape (guint32 edges);
#define BH_CURSOR_DEFAULT 1
