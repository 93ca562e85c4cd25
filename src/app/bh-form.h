/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What dialogs have in common that ask for a little: rows, a line below them, Cancel and another response. */
#pragma once

#include <adwaita.h>

/* For rows. */
GtkWidget *bh_form_list_new (void);

/**
 * bh_form_fill:
 * @content: what is asked
 * @response: what the dialog says when that is given; "cancel" otherwise
 *
 * Returns: (transfer none): a label below @content, for what is wrong with it or follows from it
 */
GtkWidget *bh_form_fill (AdwMessageDialog *dialog, GtkWidget *content, const char *response,
                         const char *label);
