/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks which programs to add to an AppVM. */
#pragma once

#include "bh-program-list.h"

#include <adwaita.h>

#define BH_TYPE_ADD_WINDOW (bh_add_window_get_type ())
G_DECLARE_FINAL_TYPE (BhAddWindow, bh_add_window, BH, ADD_WINDOW, AdwWindow)

/* BhAddWindow::chosen: (ids: GStrv): not empty; the window closes after it. */

GtkWindow *bh_add_window_new (GtkWindow *parent, BhProgramList *programs,
                              const char *const *present);
