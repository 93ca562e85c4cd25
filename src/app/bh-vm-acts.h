/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What people do to an AppVM from its page, each with its question, its undo and its errors. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-item.h"

#include <gtk/gtk.h>

/* In all: @origin is a widget of the window that shows what comes of it. */

/* Ask which, and add them. */
void bh_vm_acts_add_programs (BhVmItem *item, BhProgramList *programs, GtkWidget *origin);
/* At once, with an undo. */
void bh_vm_acts_remove_program (BhVmItem *item, BhProgram *program, GtkWidget *origin);
void bh_vm_acts_end_program (BhVmItem *item, guint32 id, GtkWidget *origin);
/* Asks first, naming what is lost; stops it when it runs. */
void bh_vm_acts_delete (BhVmItem *item, GtkWidget *origin);
