/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sign of an AppVM: a disc in its colour with its letter, and a mark while it runs. */
#pragma once

#include <gtk/gtk.h>

#define BH_TYPE_COLOR_DOT (bh_color_dot_get_type ())
G_DECLARE_FINAL_TYPE (BhColorDot, bh_color_dot, BH, COLOR_DOT, GtkWidget)

/* @color: as bh_color_parse() reads it; grey when it cannot. @name: whose first letter or digit
 * is shown. */
void bh_color_dot_set (BhColorDot *self, const char *color, const char *name);
void bh_color_dot_set_active (BhColorDot *self, gboolean active);
