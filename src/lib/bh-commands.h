/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Commands that an AppVM offers beside installed applications: the key Commands, a line
 * "NAME=COMMAND LINE" each.
 *
 * No shell ever sees a command line: it is only cut into words, by a shell's rules of quoting. */
#pragma once

#include <glib.h>

/* What stands for a command where else the id of a desktop file is: this and its line. */
#define BH_COMMAND_PREFIX "command:"

/**
 * bh_command_parse:
 * @line: "NAME=COMMAND LINE"
 * @name: (out) (optional) (transfer full)
 * @argv: (out) (optional) (transfer full): at least one word
 *
 * Returns: whether it is a good one: a name of 1 to 64 characters without "=", words that are closed,
 *   nothing that cannot be shown
 */
gboolean bh_command_parse (const char *line, char **name, char ***argv);

/* @text in its one form, without empty lines; %NULL: a line is none, a name is there twice, or there
 * are more than @max. */
char *bh_commands_normalize (const char *text, gsize max);
