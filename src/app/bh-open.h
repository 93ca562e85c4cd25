/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files and addresses that are opened in an AppVM: chosen in a dialog, or dropped on it. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-item.h"

#include <gtk/gtk.h>

/**
 * bh_open_files:
 * @disposable: in a new disposable of it
 * @files: of GFile: files on this computer, and addresses
 * @programs: to name those of the AppVM with, when the person has to say which is to open them
 * @origin: as in bh_launch_program()
 */
void bh_open_files (BhVmItem *item, gboolean disposable, GSList *files, BhProgramList *programs,
                    GtkWidget *origin);

/* Ask for files first. */
void bh_open_choose (BhVmItem *item, gboolean disposable, BhProgramList *programs, GtkWidget *origin);
