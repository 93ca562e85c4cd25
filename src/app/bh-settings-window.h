/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings of one AppVM. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_SETTINGS_WINDOW (bh_settings_window_get_type ())
G_DECLARE_FINAL_TYPE (BhSettingsWindow, bh_settings_window, BH, SETTINGS_WINDOW, AdwWindow)

/**
 * bh_settings_window_new:
 * @key: (nullable): name of the key to begin with
 */
GtkWindow *bh_settings_window_new (GtkWindow *parent, BhVmItem *item, BhVmList *vms,
                                   BhProgramList *programs, const char *key);
