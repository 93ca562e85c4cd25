/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The applications of a Debian archive, whether installed anywhere or not. */
#pragma once

#include <gio/gio.h>

/**
 * bh_debian_catalog_search:
 * @suite: of Debian
 * @text: words; an application that has all of them is found
 *
 * Looks into the AppStream data of the archive, which apt fetches, with signatures checked, when there are none yet
 * or they are a day old; without a network, older ones do. Blocks for a minute perhaps; any thread.
 *
 * Returns: aa{sv}, those whose names fit first, at most 60: package, id, name, summary (s), icon (s: a file, or "");
 * %NULL with the errors of bh_debian_build()
 */
GVariant *bh_debian_catalog_search (const char *suite, const char *text, GCancellable *cancellable,
                                    GError **error);
