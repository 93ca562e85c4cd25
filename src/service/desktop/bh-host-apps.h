/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The applications installed on this computer, and whether they can run in an AppVM. */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_HOST_APPS (bh_host_apps_get_type ())
G_DECLARE_FINAL_TYPE (BhHostApps, bh_host_apps, BH, HOST_APPS, GObject)

BhHostApps *bh_host_apps_new (void);

/* aa{sv} as io.github.bulkhead.Manager1.ListApplications describes it; read in a thread. */
void bh_host_apps_list_async (BhHostApps *self, GAsyncReadyCallback callback, gpointer data);
GVariant *bh_host_apps_list_finish (BhHostApps *self, GAsyncResult *result, GError **error);

/**
 * bh_host_apps_check:
 * @id: a desktop-file id
 * @error: %BH_ERROR_PROGRAM_NOT_FOUND or %BH_ERROR_PROGRAM_UNSUPPORTED
 *
 * Returns: (transfer full) (nullable): the application's name
 */
char *bh_host_apps_check (BhHostApps *self, const char *id, GError **error);
