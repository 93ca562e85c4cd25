/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A launcher in the desktop's application grid for each program of each AppVM. */
#pragma once

#include "bh-vm-config.h"

#include <gio/gio.h>

#define BH_TYPE_LAUNCHERS (bh_launchers_get_type ())
G_DECLARE_FINAL_TYPE (BhLaunchers, bh_launchers, BH, LAUNCHERS, GObject)

/* Signal "failed" (id, message): in the main loop; the launchers of that AppVM are not as they should be. */

BhLaunchers *bh_launchers_new (void);

/* All of these return at once; a thread does the work, in order. */

/* Remove the launchers of AppVMs that are not among @ids, and what a crash has left. */
void bh_launchers_clean (BhLaunchers *self, const char *const *ids);

/* Make, change and remove the launchers of one AppVM so that they are as @config says. */
void bh_launchers_update (BhLaunchers *self, BhVmConfig *config);

void bh_launchers_remove (BhLaunchers *self, const char *id);

/* Finish what is being written, leave the rest for the next start; nothing more is done after this. */
void bh_launchers_stop (BhLaunchers *self);
