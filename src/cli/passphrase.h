/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Passphrases, asked for on the terminal or read from a file. */
#pragma once

#include <gio/gio.h>

/**
 * bh_passphrase_get:
 * @file: (nullable): its first line; "-" is standard input; without it somebody is asked
 * @twice: ask twice, as for a new one
 *
 * Returns: a memfd with it, to be handed to the service; -1 with @error
 */
int bh_passphrase_get (const char *file, gboolean twice, GError **error);
