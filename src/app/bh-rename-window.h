/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks for the new name of an AppVM. */
#pragma once

#include "bh-vm-list.h"

#include <gtk/gtk.h>

GtkWindow *bh_rename_window_new (GtkWindow *parent, BhVmItem *item, BhVmList *vms);
