/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A mistake in the file of an AppVM, with ways to repair it. */
#pragma once

#include "bh-vm-item.h"

#include <gtk/gtk.h>

/* @problem: "FILE:LINE: KEY: what is wrong", as Vm1.Problems has it. */
GtkWidget *bh_problem_row_new (BhVmItem *item, const char *problem);

/**
 * bh_problem_parse:
 * @key: (out) (optional) (transfer full): the key it is about; %NULL when none of ours is
 * @line: (out) (optional): where in the file; 0: something is missing
 *
 * Returns: (transfer full): what is wrong, cleaned; all of @problem when it has another form
 */
char *bh_problem_parse (const char *problem, char **key, guint *line);
