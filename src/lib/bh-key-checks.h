/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the values of some keys have to be like; for the table in bh-keys.c. */
#pragma once

#include <glib.h>

/* The whole path of a file, without ":". */
gboolean bh_key_is_file (const char *text);
/* The name of a Debian package. */
gboolean bh_key_is_package (const char *text);
gboolean bh_key_is_kernel_parameters (const char *text);
/* Words, quoted as in a shell. */
gboolean bh_key_is_words (const char *text);
/* "none", "disk", or the whole path of a folder. */
gboolean bh_key_is_home (const char *text);
