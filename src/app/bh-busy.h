/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Says that something is at work. */
#pragma once

#include <gtk/gtk.h>

#define BH_TYPE_BUSY (bh_busy_get_type ())
G_DECLARE_FINAL_TYPE (BhBusy, bh_busy, BH, BUSY, GtkWidget)

/* Shown and moving, or hidden; shown only when it lasts. */
void bh_busy_set (BhBusy *self, gboolean busy);
