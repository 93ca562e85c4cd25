/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys of encrypted home disks, in the user's keyring. */
#pragma once

#include <gio/gio.h>

/* Both block, as long as a person is asked to unlock the keyring, and return what is to be freed with
 * bh_home_key_free(). Errors: %BH_ERROR_NO_KEY, %BH_ERROR_CANCELLED. */

/* @name: of the AppVM, for people who look into their keyring. A key it had is replaced. */
char *bh_home_key_make (const char *id, const char *name, GCancellable *cancellable,
                        GError **error);
char *bh_home_key_find (const char *id, GCancellable *cancellable, GError **error);
void bh_home_key_free (char *key);

/* In the background; without it nothing that was encrypted with it can be read again. */
void bh_home_key_forget (const char *id);
