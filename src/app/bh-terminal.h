/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial console of an AppVM, in the user's own terminal. */
#pragma once

#include "bh-vm-item.h"

#include <gtk/gtk.h>

void bh_terminal_open (BhVmItem *item, GtkWidget *origin);
