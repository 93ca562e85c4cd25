/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes an AppVM of a file that another computer has written. */
#pragma once

#include "bh-vm-list.h"

#include <gtk/gtk.h>

/* Asks for the file, for its passphrase if it has one, and whether what it holds is wanted; says in @window, a
 * BhMainWindow, what came of it. */
void bh_import_begin (GtkWindow *window, BhVmList *vms);
/* Of that file. */
void bh_import_file (GtkWindow *window, BhVmList *vms, const char *path);
