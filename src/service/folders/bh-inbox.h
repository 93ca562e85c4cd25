/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder of an AppVM for moving files in and out: in the user's home, where people find it; that of a disposable,
 * which is there for what is opened in it, apart, and gone with it. */
#pragma once

#include "bh-vm-config.h"

#define BH_INBOX_GUEST "Inbox" /* in the home of the AppVM */

/* Where it is, or would be. */
char *bh_inbox_path (BhVmConfig *config);

/* Make it, when there is none; the path. */
char *bh_inbox_make (BhVmConfig *config, GError **error);

/* Of a disposable that has ended: remove it with all that is in it. Of others: nothing happens. */
void bh_inbox_drop (BhVmConfig *config);

/* Remove what an earlier service has left, but for the disposables @keep names. */
void bh_inbox_clean (gboolean (*keep) (const char *id, gpointer data), gpointer data);
