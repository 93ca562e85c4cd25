/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Painting of the caption: badge, name of the AppVM, title, buttons. */
#pragma once

#include "bh-border.h"

/* Whether a caption of @width has room for the buttons, and where button @i (0 minimize, 1
 * maximize, 2 close) begins. */
#define BH_CAPTION_BUTTON 28
gboolean bh_caption_button_x (int width, int i, int *x);

/* Paint the upper strip, @px_width × @px_height pixels that stand for @width × @height logical
 * ones. */
void bh_caption_paint (BhProxy *proxy, guint32 *pixels, int px_width, int px_height, int width,
                       int height, const BhLook *look, const char *title);

/* Load fonts now, while they can be read. */
void bh_caption_warm_up (BhProxy *proxy);
