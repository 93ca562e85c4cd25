/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row of the palette's colours, one of them chosen; each has its name for those who do not see
 * it. */
#pragma once

#include <gtk/gtk.h>

#define BH_TYPE_COLOR_PICKER (bh_color_picker_get_type ())
G_DECLARE_FINAL_TYPE (BhColorPicker, bh_color_picker, BH, COLOR_PICKER, GtkBox)

/* BhColorPicker::changed: another colour. */

/* "#rrggbb" */
const char *bh_color_picker_get_color (BhColorPicker *self);
void bh_color_picker_set_color (BhColorPicker *self, const char *color);
