/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether Debian has newer packages than a template was built of. */
#pragma once

#include "bh-debian-work.h"

/**
 * bh_debian_check:
 * @wait: for other work with the archive; %FALSE: %BH_ERROR_BUSY
 *
 * Asks the archive that apt is set up to use for its lists, checks their signatures, and compares them with what is
 * in the build of @set that is in use. Nothing is downloaded but the lists, nothing of the build changes. The answer
 * is kept beside it for bh_debian_updates_read(). On error, or cancelled, the one before stays. Blocks; any thread.
 *
 * Errors: as bh_debian_build(), and %BH_ERROR_NO_TEMPLATE.
 */
gboolean bh_debian_check (const BhDebianSet *set, gboolean wait, BhDebianProgress progress,
                          gpointer data, GCancellable *cancellable, GError **error);

/**
 * BhDebianUpdates:
 * What is known of the build in use.
 * @checked: when the archive was asked, s of CLOCK_REALTIME; building asks it, too. 0: there is no build
 * @security: how many of @packages come from Debian's security team
 * @packages: "name old-version new-version", as Debian writes them
 */
typedef struct
{
  gint64 checked;
  guint security;
  char **packages;
} BhDebianUpdates;

BhDebianUpdates *bh_debian_updates_read (const char *key);
void bh_debian_updates_free (BhDebianUpdates *updates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhDebianUpdates, bh_debian_updates_free)
