/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an AppVM may reach, as a row of small icons. */
#pragma once

#include <gtk/gtk.h>

#define BH_TYPE_REACH_BOX (bh_reach_box_get_type ())
G_DECLARE_FINAL_TYPE (BhReachBox, bh_reach_box, BH, REACH_BOX, GtkBox)

/* @settings: as Vm1.Settings; (nullable). */
void bh_reach_box_set (BhReachBox *self, GVariant *settings);
/* "May reach: Internet, Microphone"; "" when there is nothing. */
const char *bh_reach_box_get_text (BhReachBox *self);
