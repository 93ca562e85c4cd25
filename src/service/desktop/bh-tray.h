/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The indicator in the desktop's tray: what runs, what it uses right now, and its end. */
#pragma once

#include "bh-vm.h"

#define BH_TYPE_TRAY (bh_tray_get_type ())
G_DECLARE_FINAL_TYPE (BhTray, bh_tray, BH, TRAY, GObject)

/* Signals:
 * "stop-all"
 * "mute" (whether): all microphones */

BhTray *bh_tray_new (void);
void bh_tray_add (BhTray *self, BhVm *vm);
void bh_tray_remove (BhTray *self, BhVm *vm);

/* Whether all microphones are muted: the menu offers the other. */
void bh_tray_set_muted (BhTray *self, gboolean muted);

/* From now on it is wherever a tray is, as long as the setting "tray" is on. */
void bh_tray_begin (BhTray *self, GDBusConnection *connection);
void bh_tray_stop (BhTray *self);
