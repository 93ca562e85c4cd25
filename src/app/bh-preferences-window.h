/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The preferences of the application, and the frozen guests. */
#pragma once

#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_PREFERENCES_WINDOW (bh_preferences_window_get_type ())
G_DECLARE_FINAL_TYPE (BhPreferencesWindow, bh_preferences_window, BH, PREFERENCES_WINDOW,
                      AdwPreferencesWindow)

GtkWindow *bh_preferences_window_new (GtkWindow *parent, BhVmList *vms);
