/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture the proxy paints itself (frame strips, cursors), in memory that lives until the
 * compositor is done with it. */
#pragma once

#include <wayland-client.h>

#include "bh-proxy.h"

typedef struct _BhPaint BhPaint;

/* @pixels: (out): @width × @height words without padding, all zero; unmapped by bh_paint_done.
 * @format: a wl_shm format. NULL without memory. */
BhPaint *bh_paint_new (BhDisplay *display, int width, int height, guint32 format, guint32 **pixels);

/* Painting is over: give its buffer, to be attached and committed now. */
struct wl_buffer *bh_paint_done (BhPaint *paint);

/* Not wanted any more: freed at once, or when the compositor releases it. */
void bh_paint_drop (BhPaint *paint);

/* Freed now, because the surface is destroyed. */
void bh_paint_free (BhPaint *paint);

/* Pictures the compositor has not released although they were dropped. */
guint bh_paint_count_dropped (void);
