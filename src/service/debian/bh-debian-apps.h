/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The applications in a Debian template. */
#pragma once

#include "bh-debian.h"

/* Adds dictionaries as bh_host_apps_list_async() has them to @out, aa{sv}. @dir: as bh_debian_find() gave it. */
void bh_debian_apps_list (const char *dir, GVariantBuilder *out);

/* The desktop file of @id; %NULL when there is none, or no template yet. @class (out): its StartupWMClass, perhaps
 * %NULL; @icon (out): perhaps %NULL. */
char *bh_debian_apps_find (BhVmConfig *config, const char *id, char **class, GIcon **icon);

/* The desktop file of @id itself; %NULL as above. */
GKeyFile *bh_debian_apps_load (BhVmConfig *config, const char *id);

/* Ids of all, those among them that menus do not show, in their order; none when there is no template yet. */
char **bh_debian_apps_ids (BhVmConfig *config);

/**
 * bh_debian_apps_check:
 * @config: of an AppVM whose programs are from a Debian template
 *
 * Returns: (transfer full): what to call @id; %NULL with %BH_ERROR_PROGRAM_NOT_FOUND, or the template's
 */
char *bh_debian_apps_check (BhVmConfig *config, const char *id, GError **error);
