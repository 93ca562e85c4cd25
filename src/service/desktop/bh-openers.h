/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which program of an AppVM opens what: by the MimeType of its desktop file and the names of the files. What is in
 * them is not looked at here. */
#pragma once

#include "bh-host-apps.h"
#include "bh-vm-config.h"

/* The type that a file's name, any bytes, says it has: "application/pdf". %NULL: it says nothing. */
char *bh_openers_type_of_file (const char *name);

/* "x-scheme-handler/https" for an address. */
char *bh_openers_type_of_url (const char *url);

/**
 * bh_openers_choose:
 * @types: of all that is to be opened, at least one
 * @what: what that is, for people
 * @error: %BH_ERROR_PROGRAM_NOT_FOUND, naming the programs there are, or %BH_ERROR_NO_TEMPLATE
 *
 * The program that takes all of @types: one of the AppVM's Applications, one that names the very type before one that
 * takes it as of a wider kind (text); else another that is where its programs are from.
 *
 * Returns: (transfer full) (nullable): a desktop-file id
 */
char *bh_openers_choose (BhHostApps *apps, BhVmConfig *config, const char *const *types,
                         const char *what, GError **error);

/* Whether @app is started once for several files (%F, %U), and not once for each. */
gboolean bh_openers_takes_many (BhVmConfig *config, const char *app);

/* The field code of the Exec line @exec for what is to be opened: f, F, u, U; 0: it has none. */
char bh_openers_find_code (const char *exec);
