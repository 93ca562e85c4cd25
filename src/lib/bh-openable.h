/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a program in an AppVM can be given to open: files of this computer, as copies, and addresses. */
#pragma once

#include <glib.h>

/* At once; as the "uris" of a launch in wire's bh-messages.h. D-Bus takes no more descriptors in a message, and ends
 * the connection of whoever sends them. */
#define BH_OPENABLE_MAX 16
#define BH_OPENABLE_NAME_MAX 255 /* bytes */
#define BH_OPENABLE_URL_MAX 2048 /* bytes */

/**
 * bh_openable_open:
 * @path: of a file here; any bytes
 * @error: %BH_ERROR_NOT_FOUND, %BH_ERROR_NOT_AUTHORIZED or %BH_ERROR_INVALID_ARGUMENT
 *
 * Opens it for reading. A link is refused, and one of /proc on the way: an AppVM that may write to a shared folder
 * can make links there, and they would lead to files that were not meant. So is what is no plain file: nothing is
 * opened before that is known.
 *
 * Returns: a descriptor, or -1
 */
int bh_openable_open (const char *path, GError **error);

/**
 * bh_openable_check:
 * @fd: a descriptor from a caller
 * @name: what to call it
 * @error: %BH_ERROR_INVALID_ARGUMENT
 *
 * Whether it is a plain file on a disk, open for reading, and @name the name of a file: one component, 1 to 255 bytes.
 */
gboolean bh_openable_check (int fd, const char *name, GError **error);

/* Whether an argument is an address and no file: "scheme://…" or "mailto:…". */
gboolean bh_openable_is_url (const char *text);

/* http, https and mailto: what AppVMs' programs may be given. */
gboolean bh_openable_scheme_is_allowed (const char *scheme);

/* %BH_ERROR_INVALID_ARGUMENT says what is wrong with @url, or that its kind is not allowed. */
gboolean bh_openable_check_url (const char *url, GError **error);
