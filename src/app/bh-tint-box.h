/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A box over a tint of an AppVM's colour. */
#pragma once

#include <gtk/gtk.h>

#define BH_TYPE_TINT_BOX (bh_tint_box_get_type ())
G_DECLARE_FINAL_TYPE (BhTintBox, bh_tint_box, BH, TINT_BOX, GtkBox)

void bh_tint_box_set_color (BhTintBox *self, const char *color);
