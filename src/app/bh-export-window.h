/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks how an AppVM is to be written into a file, and does it. */
#pragma once

#include "bh-vm-list.h"

#include <gtk/gtk.h>

/* Then asks where, shows how far it is, and says so in @parent, a BhMainWindow. */
GtkWindow *bh_export_window_new (GtkWindow *parent, BhVmItem *item, BhVmList *vms);
