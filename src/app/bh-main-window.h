/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main window: the AppVMs, and the page of the chosen one. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_MAIN_WINDOW (bh_main_window_get_type ())
G_DECLARE_FINAL_TYPE (BhMainWindow, bh_main_window, BH, MAIN_WINDOW, AdwApplicationWindow)

GtkWindow *bh_main_window_new (AdwApplication *application, BhVmList *vms, BhProgramList *programs);

/* Show the page of the AppVM with that id; later, when the list is not here yet. */
void bh_main_window_show_vm (BhMainWindow *self, const char *id);

/* @text: plain, not markup */
void bh_main_window_toast (BhMainWindow *self, const char *text);
/* @toast: (transfer full) */
void bh_main_window_add_toast (BhMainWindow *self, AdwToast *toast);

/* Take what was dropped on @item, as its page does. */
gboolean bh_main_window_drop (BhMainWindow *self, BhVmItem *item, const GValue *value);

BhVmList *bh_main_window_get_vms (BhMainWindow *self);
