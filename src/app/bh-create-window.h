/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes a new AppVM: name, colour and programs. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_CREATE_WINDOW (bh_create_window_get_type ())
G_DECLARE_FINAL_TYPE (BhCreateWindow, bh_create_window, BH, CREATE_WINDOW, AdwWindow)

/* BhCreateWindow::created: (path): object path of the new AppVM; the window closes after it. */

GtkWindow *bh_create_window_new (GtkWindow *parent, BhVmList *vms, BhProgramList *programs);
