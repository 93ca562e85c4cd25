/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Choosing programs of a list: a search and a list, several at
 * once. */
#pragma once

#include "bh-program-list.h"

#include <gtk/gtk.h>

#define BH_TYPE_PROGRAM_PICKER (bh_program_picker_get_type ())
G_DECLARE_FINAL_TYPE (BhProgramPicker, bh_program_picker, BH, PROGRAM_PICKER, GtkBox)

/* BhProgramPicker::changed: another choice. */

/**
 * bh_program_picker_set_list:
 * @list: its programs are offered from now on, and nothing is chosen when it was another before
 * @present: ids the AppVM has already: shown, but not to choose
 */
void bh_program_picker_set_list (BhProgramPicker *self, BhProgramList *list,
                                 const char *const *present);

/* Ids in the order they were chosen; (transfer full). */
GStrv bh_program_picker_get_chosen (BhProgramPicker *self);
void bh_program_picker_choose (BhProgramPicker *self, const char *id);
void bh_program_picker_unchoose (BhProgramPicker *self, const char *id);
void bh_program_picker_focus_search (BhProgramPicker *self);
