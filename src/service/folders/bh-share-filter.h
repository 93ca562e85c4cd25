/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The system calls that the server of a shared folder does not get. */
#pragma once

#include <glib.h>

/* A file with the filter, for bwrap's --seccomp; -1 with @error set.
 * @links: whether symbolic links may be made */
int bh_share_filter_new (gboolean links, GError **error);
