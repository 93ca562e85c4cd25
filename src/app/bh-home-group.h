/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The home disk of an AppVM: what it takes, and its snapshots. */
#pragma once

#include "bh-vm-item.h"

#include <adwaita.h>

#define BH_TYPE_HOME_GROUP (bh_home_group_get_type ())
G_DECLARE_FINAL_TYPE (BhHomeGroup, bh_home_group, BH, HOME_GROUP, AdwPreferencesGroup)

/* Not to be seen while there is no disk. */
GtkWidget *bh_home_group_new (BhVmItem *item);
