/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What AppVMs need of this computer, and whether it is there. */
#pragma once

#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_CHECK_WINDOW (bh_check_window_get_type ())
G_DECLARE_FINAL_TYPE (BhCheckWindow, bh_check_window, BH, CHECK_WINDOW, AdwWindow)

/* Asks the service; shows that it does. */
GtkWindow *bh_check_window_new (GtkWindow *parent, BhVmList *vms);

/* Once per user: ask, and show the window when something is amiss. */
void bh_check_window_first_run (GtkWindow *parent, BhVmList *vms);
