/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks for a command line and what to call it. */
#pragma once

#include <gtk/gtk.h>

/* @id: the command as in bh-commands.h, with its prefix. */
typedef void (*BhCommandGiven) (GtkWindow *window, const char *id, gpointer user_data);

/**
 * bh_command_window_new:
 * @present: what is offered already; a name is used once
 * @given: called with @data when the person has given a good one
 * @data: held until the window goes
 */
GtkWindow *bh_command_window_new (GtkWindow *parent, const char *const *present,
                                  BhCommandGiven given, GObject *data);
