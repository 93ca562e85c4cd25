/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One quantity that changes: a title, its value as text, and a small graph of the last minute. */
#pragma once

#include <gtk/gtk.h>

#define BH_TYPE_METER (bh_meter_get_type ())
G_DECLARE_FINAL_TYPE (BhMeter, bh_meter, BH, METER, GtkWidget)

/* @part: 0 to 1 of what there is; @text: the same for people. */
void bh_meter_add (BhMeter *self, double part, const char *text);
void bh_meter_clear (BhMeter *self);
