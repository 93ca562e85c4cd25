/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The list of AppVMs beside the pages. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_SIDEBAR (bh_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (BhSidebar, bh_sidebar, BH, SIDEBAR, GtkBox)

/**
 * BhSidebar::chosen: (item, activated): an AppVM; activated: by click or Enter, not only by moving.
 * BhSidebar::all: all applications.
 */

void bh_sidebar_set_models (BhSidebar *self, BhVmList *vms, BhProgramList *programs);
void bh_sidebar_set_menu (BhSidebar *self, GMenuModel *menu);
/* @item: (nullable): the page of it is shown; %NULL: that of all applications. */
void bh_sidebar_select (BhSidebar *self, BhVmItem *item);
/* As if "All Applications" was pressed. */
void bh_sidebar_show_all (BhSidebar *self);
void bh_sidebar_set_folded (BhSidebar *self, gboolean folded);
