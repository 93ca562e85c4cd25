/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernel modules, by libkmod. */
#pragma once

#include <gio/gio.h>

/* Loads it and what it depends on, unless they are there or built in. Commands of modprobe.d are not run. */
gboolean bh_module_load (const char *name, GError **error);
