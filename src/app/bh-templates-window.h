/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Debian templates: which there are, who uses them, and building, updating and removing them. */
#pragma once

#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_TEMPLATES_WINDOW (bh_templates_window_get_type ())
G_DECLARE_FINAL_TYPE (BhTemplatesWindow, bh_templates_window, BH, TEMPLATES_WINDOW,
                      AdwPreferencesWindow)

GtkWindow *bh_templates_window_new (GtkWindow *parent, BhVmList *vms);
