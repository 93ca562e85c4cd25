/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For which types of files the desktop has a default program. */
#pragma once

#include <glib.h>

/**
 * bh_mime_defaults_load:
 * The types for which the user, the system or the desktop has named a default that is installed, in one of the
 * mimeapps.list files of the XDG MIME Applications specification.
 *
 * For another type the desktop takes the first program that has it, and those of the user come first: a launcher of
 * ours with such a type would be the default at once.
 *
 * Returns: (transfer full): a set of strings
 */
GHashTable *bh_mime_defaults_load (void);
