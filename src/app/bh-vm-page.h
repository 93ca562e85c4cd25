/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page of the chosen AppVM: its state, its programs, and what runs. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-item.h"

#include <gtk/gtk.h>

#define BH_TYPE_VM_PAGE (bh_vm_page_get_type ())
G_DECLARE_FINAL_TYPE (BhVmPage, bh_vm_page, BH, VM_PAGE, GtkBox)

/* BhVmPage::back: the person wants the list, where it does not stand beside the page. */

void bh_vm_page_set_programs (BhVmPage *self, BhProgramList *programs);
/* @item: (nullable) */
void bh_vm_page_set_item (BhVmPage *self, BhVmItem *item);
BhVmItem *bh_vm_page_get_item (BhVmPage *self);
/* Whether the list stands beside the page. */
void bh_vm_page_set_folded (BhVmPage *self, gboolean folded);
void bh_vm_page_focus (BhVmPage *self);
