/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Accessible names as people should hear them. */
#pragma once

#include <gtk/gtk.h>

/**
 * bh_accessible_tidy:
 * @root: a window, or a template's widget once its template is there
 *
 * Before 4.10, GTK calls a button with a mnemonic "_Start Start": its label with the underline,
 * and its label widget. Leaves the latter only.
 */
void bh_accessible_tidy (GtkWidget *root);

/**
 * bh_accessible_follow:
 * @container: a GtkStack or AdwLeaflet
 *
 * Keeps from assistive technologies the children that cannot be seen: GTK leaves them in.
 */
void bh_accessible_follow (GtkWidget *container);
