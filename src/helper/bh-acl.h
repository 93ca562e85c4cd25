/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Access to a device node for one user, by POSIX ACL. */
#pragma once

#include <gio/gio.h>

/* Whether @uid has an entry of its own at @path that lets it read and write. */
gboolean bh_acl_has (const char *path, guint32 uid);
gboolean bh_acl_add (const char *path, guint32 uid, GError **error);
/* Afterwards the node is as it was before bh_acl_add(); TRUE also when node or entry are gone. */
gboolean bh_acl_remove (const char *path, guint32 uid, GError **error);
