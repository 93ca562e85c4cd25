/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log of one AppVM. */
#pragma once

#include "bh-vm-item.h"

#include <adwaita.h>

#define BH_TYPE_LOG_WINDOW (bh_log_window_get_type ())
G_DECLARE_FINAL_TYPE (BhLogWindow, bh_log_window, BH, LOG_WINDOW, AdwWindow)

GtkWindow *bh_log_window_new (GtkWindow *parent, BhVmItem *item);
