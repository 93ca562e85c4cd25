/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checking of the option dictionaries that D-Bus callers send. */
#pragma once

#include <gio/gio.h>

typedef struct
{
  const char *name;
  const char *type; /* a GVariant type: "s", "b" or "as" */
  gsize max_length; /* of each string, in bytes */
  gsize max_items;  /* of a list */
} BhOption;

/**
 * bh_options_check:
 * @options: a{sv}
 * @table: up to a %NULL name
 * @error: %BH_ERROR_INVALID_ARGUMENT: an unknown name, a wrong type, too long, a control character
 */
gboolean bh_options_check (GVariant *options, const BhOption *table, GError **error);

/* Whether @display can be a WAYLAND_DISPLAY: a plain file name or an absolute path. */
gboolean bh_options_display_is_valid (const char *display);

/* How long a guest may take to be there: $BULKHEAD_BOOT_SECONDS, or by the kind of virtualization. */
guint bh_options_boot_seconds (gboolean kvm);
