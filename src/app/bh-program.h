/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program that can be installed on this computer, as the service described it. */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_PROGRAM (bh_program_get_type ())
G_DECLARE_FINAL_TYPE (BhProgram, bh_program, BH, PROGRAM, GObject)

/* @description: a dictionary of Manager1.ListApplications. Returns: (nullable): %NULL without an
 * id. */
BhProgram *bh_program_new (GVariant *description);

/* A program that an AppVM names, and this computer does not have (any more). */
BhProgram *bh_program_new_missing (const char *id);

/* @id: "command:NAME=COMMAND LINE", see bh-commands.h. */
BhProgram *bh_program_new_command (const char *id);

/* The one "program" of an AppVM that boots from a disk image: its window. */
#define BH_PROGRAM_DESKTOP "desktop:"
BhProgram *bh_program_new_desktop (void);

const char *bh_program_get_id (BhProgram *self);
const char *bh_program_get_name (BhProgram *self);
const char *bh_program_get_summary (BhProgram *self);
GIcon *bh_program_get_icon (BhProgram *self);
/* Why it cannot run in an AppVM; %NULL when it can. */
const char *bh_program_get_reason (BhProgram *self);

/* As searches compare: without regard to case and to how accents are written. */
char *bh_program_fold (const char *text);
/* The words of a search, folded; an empty one is everywhere. */
GStrv bh_program_split_words (const char *text);

/* Whether every word of @words (casefolded) begins or is within its name, summary or keywords. */
gboolean bh_program_matches (BhProgram *self, const char *const *words);
/* By name as people sort; those that cannot run come last. */
int bh_program_compare (gconstpointer a, gconstpointer b);
