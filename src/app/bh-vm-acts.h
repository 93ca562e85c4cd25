/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What people do to an AppVM from its page, each with its question, its undo and its errors. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-list.h"

#include <gtk/gtk.h>

/* In all: @origin is a widget of the window that shows what comes of it. */

/* Ask which, and add them. */
void bh_vm_acts_add_programs (BhVmItem *item, BhProgramList *programs, GtkWidget *origin);
/* Ask for a command line, and offer it, too. */
void bh_vm_acts_add_command (BhVmItem *item, GtkWidget *origin);
/* Offer @more, ids as of bh_vm_item_get_applications(), beside what it offers. */
void bh_vm_acts_offer (BhVmItem *item, const char *const *more, GtkWidget *origin);
/* At once, with an undo. */
void bh_vm_acts_remove_program (BhVmItem *item, BhProgram *program, GtkWidget *origin);
void bh_vm_acts_end_program (BhVmItem *item, guint32 id, GtkWidget *origin);
/* Asks first, naming what is lost; stops it when it runs. */
void bh_vm_acts_delete (BhVmItem *item, GtkWidget *origin);
/* @key: (nullable): name of the key to begin with */
void bh_vm_acts_settings (BhVmItem *item, BhVmList *vms, BhProgramList *programs, const char *key,
                          GtkWidget *origin);
/* Asks for the new name, and says while it is typed whether it can be had. */
void bh_vm_acts_rename (BhVmItem *item, BhVmList *vms, GtkWidget *origin);
/* Asks whether its home is to be copied, if it has one; with an undo: a copy that was not used yet is nothing lost. */
void bh_vm_acts_duplicate (BhVmItem *item, BhVmList *vms, GtkWidget *origin);
