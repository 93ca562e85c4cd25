/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A connection to PipeWire from the desktop's camera portal (org.freedesktop.portal.Camera). */
#pragma once

#include <gio/gio.h>

/* The desktop may ask its user first. Cancelled: the question stays until it is answered, for the next who asks. */
void bh_camera_portal_open_async (GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer data);

/* A descriptor; or -1: without an error there is no such portal, %BH_ERROR_NOT_AUTHORIZED: the user, or the
 * desktop, has said no. */
int bh_camera_portal_open_finish (GAsyncResult *result, GError **error);
