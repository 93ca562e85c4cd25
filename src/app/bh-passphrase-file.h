/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A passphrase on its way to the service. */
#pragma once

#include <gio/gunixfdlist.h>

/* In a file without a name, in memory: what is on the bus stays in the memory of many. The handle among @fds; -1 with
 * @error set. */
int bh_passphrase_file_append (GUnixFDList *fds, const char *passphrase, GError **error);
