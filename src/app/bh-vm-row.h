/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM in the sidebar. */
#pragma once

#include "bh-vm-item.h"

#include <gtk/gtk.h>

#define BH_TYPE_VM_ROW (bh_vm_row_get_type ())
G_DECLARE_FINAL_TYPE (BhVmRow, bh_vm_row, BH, VM_ROW, GtkListBoxRow)

GtkWidget *bh_vm_row_new (BhVmItem *item);
BhVmItem *bh_vm_row_get_item (BhVmRow *self);
