/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program in the picker's list, with a check mark. */
#pragma once

#include "bh-program.h"

#include <adwaita.h>

#define BH_TYPE_PROGRAM_ROW (bh_program_row_get_type ())
G_DECLARE_FINAL_TYPE (BhProgramRow, bh_program_row, BH, PROGRAM_ROW, AdwActionRow)

/* BhProgramRow::toggled: chosen, or no longer. */

/* @present: the AppVM has it already. */
GtkWidget *bh_program_row_new (BhProgram *program, gboolean present);
BhProgram *bh_program_row_get_program (BhProgramRow *self);
gboolean bh_program_row_is_chosen (BhProgramRow *self);
void bh_program_row_set_chosen (BhProgramRow *self, gboolean chosen);
