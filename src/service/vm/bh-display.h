/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which Wayland compositor shows an AppVM's windows. */
#pragma once

#include <gio/gio.h>

/**
 * bh_display_find:
 * @wanted: (nullable): the caller's WAYLAND_DISPLAY; else the service's own
 * @error: %BH_ERROR_INVALID_ARGUMENT or %BH_ERROR_NO_DISPLAY
 *
 * Returns: (transfer full) (nullable): one that answers
 */
char *bh_display_find (const char *wanted, GError **error);
