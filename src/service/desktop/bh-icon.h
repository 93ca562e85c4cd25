/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture of a program with an AppVM's badge: found as the Icon Theme Specification says, decoded by
 * bulkhead-icon, a process of its own. Synchronous, for threads. */
#pragma once

#include <gio/gio.h>

/* The file of @icon in the user's theme, hicolor or Adwaita; %NULL when there is none. */
char *bh_icon_find (GIcon *icon);

/* Decode the picture @path. Returns: a PNG of 128 × 128 pixels that we ourselves encoded, marked as ours, with @stamp (ASCII,
 * not empty) inside. */
GBytes *bh_icon_make (const char *path, const char *color, const char *letter, const char *stamp,
                      GError **error);

/* Whether a file of bh_icon_make()'s was made with @stamp. */
gboolean bh_icon_has_stamp (const guint8 *data, gsize size, const char *stamp);

/* Whether the first bytes of a file are those of bh_icon_make()'s. */
gboolean bh_icon_is_ours (const guint8 *head, gsize size);
#define BH_ICON_HEAD 64
