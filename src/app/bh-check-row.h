/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thing of this computer that AppVMs need: its state, what that means, and what to do. */
#pragma once

#include <gtk/gtk.h>

/* @check: a dictionary of Manager1.CheckHost. The actions "check.copy" (s), for commands, and "check.enable-kvm" must be
 * there. */
GtkWidget *bh_check_row_new (GVariant *check);
