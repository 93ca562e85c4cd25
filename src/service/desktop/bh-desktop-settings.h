/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What people have set in the application's preferences. */
#pragma once

#include <gio/gio.h>

/* (transfer full) (nullable): %NULL without a schema that has @key, as when run from a build folder. */
GSettings *bh_desktop_settings (const char *key);
