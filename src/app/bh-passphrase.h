/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asking for a passphrase, and handing it to the service. */
#pragma once

#include <gio/gunixfdlist.h>
#include <gtk/gtk.h>

/* Where one is typed; libadwaita 1.2 crashes when a row for it goes. @label: what it is */
GtkWidget *bh_passphrase_entry_new (const char *label);

/* @passphrase: (nullable): becomes an option of the call, in a file without a name, in memory: what is on the bus stays
 * in the memory of many. */
gboolean bh_passphrase_add (const char *passphrase, GUnixFDList *fds, GVariantDict *options, GError **error);

/* Overwritten, and %NULL then. */
void bh_passphrase_forget (char **passphrase);
