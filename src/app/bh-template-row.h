/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One Debian template as a row: what is known of it, and what can be done with it. */
#pragma once

#include <adwaita.h>

/* "Debian 13: foot, less"; cleaned, not too long. */
char *bh_template_make_title (const char *suite, const char *const *packages);

/* That of @template, as Manager1.ListTemplates gives it. */
char *bh_template_get_title (GVariant *template);

/* @template: as Manager1.ListTemplates gives it. The row's buttons are the window's actions templates.update (key and
 * title), templates.revert (key), templates.remove (key, title, names of those that use it). */
GtkWidget *bh_template_row_new (GVariant *template);
