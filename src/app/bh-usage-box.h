/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a running AppVM takes of this computer, live while it is looked at. */
#pragma once

#include "bh-vm-item.h"

#include <gtk/gtk.h>

#define BH_TYPE_USAGE_BOX (bh_usage_box_get_type ())
G_DECLARE_FINAL_TYPE (BhUsageBox, bh_usage_box, BH, USAGE_BOX, GtkBox)

/* @item: (nullable). */
void bh_usage_box_set_item (BhUsageBox *self, BhVmItem *item);
/* Whether it runs; hidden when it does not. */
void bh_usage_box_set_running (BhUsageBox *self, gboolean running);
