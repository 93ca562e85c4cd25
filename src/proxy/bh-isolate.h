/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Self-confinement of the proxy, in two stages. */
#pragma once

#include <glib.h>

/* Before there is any thread, and before the compositor is connected: no new privileges, no core
 * dumps, few descriptors, and (Landlock) no files but fonts and cursor themes, read-only. Where the
 * kernel has no Landlock it warns and goes on. */
gboolean bh_isolate_early (GError **error);

/* When everything is set up and before the first guest byte is read: the list of system calls that
 * is left. */
gboolean bh_isolate_late (GError **error);
