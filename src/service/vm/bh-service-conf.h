/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * $XDG_CONFIG_HOME/bulkhead/service.conf: settings of the service itself, of all AppVMs together. */
#pragma once

#include <gio/gio.h>

/* The key's number, or @fallback when it is not there or above @max, which the log says. */
guint bh_service_conf_get_uint (const char *key, guint max, guint fallback);
gboolean bh_service_conf_get_boolean (const char *key);

/* Whatever else people have written there stays. @value: as it is in the file. */
gboolean bh_service_conf_set (const char *key, const char *value, GError **error);
