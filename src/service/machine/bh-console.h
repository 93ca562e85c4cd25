/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A guest's serial console for one caller at a time. */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_CONSOLE (bh_console_get_type ())
G_DECLARE_FINAL_TYPE (BhConsole, bh_console, BH, CONSOLE, GObject)

BhConsole *bh_console_new (const char *id);

/**
 * bh_console_open:
 * @error: %BH_ERROR_BUSY while another caller has it; %BH_ERROR_NOT_RUNNING
 *
 * Returns: (transfer full): a stream socket, -1 on error; the console is free again when it is closed
 */
int bh_console_open (BhConsole *self, GError **error);
