/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-camera process. */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_CAMERA_LINK (bh_camera_link_get_type ())
G_DECLARE_FINAL_TYPE (BhCameraLink, bh_camera_link, BH, CAMERA_LINK, GObject)

/* Signals: "sees" (whether the camera gives pictures); "gone": it has ended */

/**
 * bh_camera_link_new:
 * @rate: pictures per second at most
 * @remote: a connection to PipeWire, which is taken; or -1
 * @proxy_fd: (out): for the proxy
 *
 * Start it for the AppVM @id. It has the camera as long as the proxy keeps its end.
 */
BhCameraLink *bh_camera_link_new (const char *id, const char *name, guint rate, int remote,
                                  int *proxy_fd, GError **error);

/* It ends; no signals any more. */
void bh_camera_link_close (BhCameraLink *self);
