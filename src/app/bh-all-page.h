/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All applications: the programs of every AppVM, to search and start. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-list.h"

#include <gtk/gtk.h>

#define BH_TYPE_ALL_PAGE (bh_all_page_get_type ())
G_DECLARE_FINAL_TYPE (BhAllPage, bh_all_page, BH, ALL_PAGE, GtkBox)

/* BhAllPage::back: to the list of AppVMs. */

void bh_all_page_set_models (BhAllPage *self, BhVmList *vms, BhProgramList *programs);
void bh_all_page_set_folded (BhAllPage *self, gboolean folded);
/* Keys go to the search. */
void bh_all_page_focus (BhAllPage *self);
