/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One colour of the palette: a radio button that looks like a disc. */
#pragma once

#include "bh-color.h"

#include <gtk/gtk.h>

#define BH_TYPE_COLOR_CHOICE (bh_color_choice_get_type ())
G_DECLARE_FINAL_TYPE (BhColorChoice, bh_color_choice, BH, COLOR_CHOICE, GtkCheckButton)

/* @name: for the tooltip and assistive technologies; translated */
GtkWidget *bh_color_choice_new (const BhColor *color, const char *name);
const BhColor *bh_color_choice_get_color (BhColorChoice *self);
