/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Programs that are dropped on a window, as desktop files. */
#pragma once

#include "bh-program-list.h"

#include <gtk/gtk.h>

/* @ids: programs that can run in an AppVM; @refused: (nullable): why others cannot be taken */
typedef void (*BhDropped) (GtkWidget *widget, const char *const *ids, const GError *refused);

/* Let @widget take what is dropped on it. */
void bh_drop_accept (GtkWidget *widget, BhProgramList *programs, BhDropped dropped);

/**
 * bh_drop_sort:
 * @files: of GFile
 * @refused: (out) (optional): %BH_ERROR_PROGRAM_NOT_FOUND or %BH_ERROR_PROGRAM_UNSUPPORTED with the
 *   name of the first file that is none of a usable program
 *
 * Returns: (transfer full): ids of the programs whose desktop files are among them
 */
GStrv bh_drop_sort (GSList *files, BhProgramList *programs, GError **refused);
