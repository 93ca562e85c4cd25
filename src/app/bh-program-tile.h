/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program of an AppVM: an icon that launches it. */
#pragma once

#include "bh-program.h"

#include <gtk/gtk.h>

#define BH_TYPE_PROGRAM_TILE (bh_program_tile_get_type ())
G_DECLARE_FINAL_TYPE (BhProgramTile, bh_program_tile, BH, PROGRAM_TILE, GtkFlowBoxChild)

/* Its button activates "vm.launch" with the program's id; its menu "vm.remove-program". */
GtkWidget *bh_program_tile_new (BhProgram *program);
BhProgram *bh_program_tile_get_program (BhProgramTile *self);
/* @launching: from the click to the window; @running: a program of this name runs. */
void bh_program_tile_set_state (BhProgramTile *self, gboolean launching, gboolean running);
