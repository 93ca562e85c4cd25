/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is dropped on a window: programs, as desktop files, and files to be opened. */
#pragma once

#include "bh-program-list.h"

#include <gtk/gtk.h>

/* @ids: programs that can run in an AppVM; @refused: (nullable): why others cannot be taken */
typedef void (*BhDropped) (GtkWidget *widget, const char *const *ids, const GError *refused);

/* @files: of GFile, not empty */
typedef void (*BhDropOpened) (GtkWidget *widget, GSList *files);

/* Let @widget take what is dropped on it.
 * @opened: (nullable): for what is no desktop file; without it, all is to be programs */
void bh_drop_accept (GtkWidget *widget, BhProgramList *programs, BhDropped dropped,
                     BhDropOpened opened);

/* As if it had been dropped on @widget, which accepts some. Returns: whether it is taken */
gboolean bh_drop_take (GtkWidget *widget, const GValue *value);

/**
 * bh_drop_sort:
 * @files: of GFile
 * @refused: (out) (optional): %BH_ERROR_PROGRAM_NOT_FOUND or %BH_ERROR_PROGRAM_UNSUPPORTED with the
 *   name of the first file that is none of a usable program
 *
 * Returns: (transfer full): ids of the programs whose desktop files are among them
 */
GStrv bh_drop_sort (GSList *files, BhProgramList *programs, GError **refused);
