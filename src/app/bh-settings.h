/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the application remembers, and its preferences (io.github.bulkhead.Bulkhead.gschema.xml). */
#pragma once

#include <gio/gio.h>

/* (transfer none) (nullable): %NULL when the schema is not installed. */
GSettings *bh_settings (void);
gboolean bh_settings_get_boolean (const char *key, gboolean fallback);
