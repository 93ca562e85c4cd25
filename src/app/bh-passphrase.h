/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asking for a passphrase, and handing it to the service. */
#pragma once

#include <gio/gunixfdlist.h>
#include <gtk/gtk.h>

/* Where one is typed; libadwaita 1.2 crashes when a row for it goes. @label: what it is */
GtkWidget *bh_passphrase_entry_new (const char *label);

/* In a file without a name, in memory: what is on the bus stays in the memory of many. The handle among @fds; -1 with
 * @error set. */
int bh_passphrase_append (GUnixFDList *fds, const char *passphrase, GError **error);
