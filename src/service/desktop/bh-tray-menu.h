/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The menu of the tray indicator: com.canonical.dbusmenu.
 *
 * It is written anew each time: bh_tray_menu_begin(), an add for each item, bh_tray_menu_commit(). Items are
 * known by a key that stays the same from one writing to the next, so that a menu that is open stays usable. */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_TRAY_MENU (bh_tray_menu_get_type ())
G_DECLARE_FINAL_TYPE (BhTrayMenu, bh_tray_menu, BH, TRAY_MENU, GObject)

/* Signals:
 * "activated" (key): somebody chose the item
 * "about-to-show": it is to be opened */

BhTrayMenu *bh_tray_menu_new (void);
gboolean bh_tray_menu_export (BhTrayMenu *self, GDBusConnection *connection, const char *path,
                              GError **error);
void bh_tray_menu_unexport (BhTrayMenu *self);

void bh_tray_menu_begin (BhTrayMenu *self);
/* @parent: the key of an item added before, %NULL for the top; @label: plain text, %NULL for a separator;
 * @enabled: whether it can be chosen. */
void bh_tray_menu_add (BhTrayMenu *self, const char *parent, const char *key, const char *label,
                       gboolean enabled);
void bh_tray_menu_commit (BhTrayMenu *self);
