/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The switch of all microphones: on the bus and in the tray. */
#pragma once

#include "bh-dbus-manager.h"
#include "bh-tray.h"

/* For as long as @manager lives. */
void bh_microphones_serve (BhDbusManager1 *manager, BhTray *tray);
