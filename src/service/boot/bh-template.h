/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The "host" template: what AppVMs see as /etc and /var beside this computer's own /usr. */
#pragma once

#include <gio/gio.h>

/**
 * bh_template_ensure_host:
 *
 * A folder with "etc" and "var", made from an allow-list of this computer's own files that
 * everybody on it may read and that say nothing about it or its people. Made again when one of its
 * sources has changed; a tree in use is never changed, a new one gets another path.
 *
 * Errors: %BH_ERROR_DISK_FULL, %BH_ERROR_CANCELLED, %BH_ERROR_FAILED. Blocks; any thread.
 *
 * Returns: (transfer full): its path in the cache
 */
char *bh_template_ensure_host (GCancellable *cancellable, GError **error);
