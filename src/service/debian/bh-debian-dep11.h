/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AppStream data as Debian's archive has them (DEP-11): YAML, one document a component. */
#pragma once

#include <gio/gio.h>

/* package, id of its desktop file, name, summary, icon (a file's name, or ""), words to be found by */
#define BH_DEP11_ENTRY "(ssssss)"

/**
 * bh_dep11_read:
 * @stream: the text, without compression
 * @languages: (array zero-terminated=1): as g_get_language_names() has them
 * @out: of type a(ssssss): the applications are added to it
 * @error: %BH_ERROR_FAILED: it is not what it should be
 */
gboolean bh_dep11_read (GInputStream *stream, const char *const *languages, GVariantBuilder *out,
                        GCancellable *cancellable, GError **error);
