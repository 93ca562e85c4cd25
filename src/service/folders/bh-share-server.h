/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process that serves one folder of this computer to one guest. */
#pragma once

#include "bh-folders.h"

#include <gio/gio.h>

/* Whether there is what it needs; %BH_ERROR_FAILED names the packages to install. */
gboolean bh_share_server_check (GError **error);

/**
 * bh_share_server_new:
 * @folder: has been checked
 * @links: whether the guest may make symbolic links in it
 * @guest_end: (out): for QEMU: what speaks 9P2000.L there, after where the folder belongs (guest's
 * bh-folders.c)
 *
 * It ends when nobody holds @guest_end any more. %BH_ERROR_FAILED names the packages to install.
 */
GSubprocess *bh_share_server_new (const BhFolder *folder, gboolean links, int *guest_end,
                                  GError **error);
