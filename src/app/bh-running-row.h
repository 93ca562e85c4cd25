/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program that runs in an AppVM, with a button that asks it to end. */
#pragma once

#include "bh-vm-item.h"

#include <gtk/gtk.h>

GtkWidget *bh_running_row_new (const BhRunning *running);
