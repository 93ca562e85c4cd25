/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where Debian packages come from: what this computer's apt is set up to use. */
#pragma once

#include <gio/gio.h>

/**
 * BhDebianSources:
 * @list: text of a sources.list
 * @options: text of an apt.conf: proxies and the like
 * @archive: of the packages, for people
 */
typedef struct
{
  char *list, *options, *archive;
} BhDebianSources;

/**
 * bh_debian_sources_find:
 *
 * $BULKHEAD_DEBIAN_ARCHIVE stands for the archive, where apt knows none; $BULKHEAD_DEBIAN_KEYRING for Debian's keys. Errors: %BH_ERROR_NOT_FOUND with what to
 * install or set up. Blocks; any thread.
 */
BhDebianSources *bh_debian_sources_find (const char *suite, GError **error);
void bh_debian_sources_free (BhDebianSources *sources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhDebianSources, bh_debian_sources_free)
