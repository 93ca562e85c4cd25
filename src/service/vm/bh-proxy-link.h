/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-proxy process and the private D-Bus to it (data/dbus/io.github.bulkhead.Proxy1.xml). */
#pragma once

#include "bh-dbus-proxy.h"
#include "bh-hypervisor.h"

#define BH_TYPE_PROXY_LINK (bh_proxy_link_get_type ())
G_DECLARE_FINAL_TYPE (BhProxyLink, bh_proxy_link, BH, PROXY_LINK, GObject)

/* As BhMsgConfigured.status and BhMsgLaunched.status in wire's bh-messages.h, which the service must not
 * include; tests/service compares them. */
enum
{
  BH_PROXY_CONFIGURED_OK = 0,
  BH_PROXY_CONFIGURED_NO_PROGRAMS = 1,
};
enum
{
  BH_PROXY_LAUNCH_OK = 0,
  BH_PROXY_LAUNCH_UNKNOWN_APP = 1,
  BH_PROXY_LAUNCH_NOT_FOUND = 2,
  BH_PROXY_LAUNCH_TOO_MANY = 3,
  BH_PROXY_LAUNCH_NOT_CONFIGURED = 4,
  BH_PROXY_LAUNCH_NO_CAGE = 5,
};

/* Signals:
 * "step" (name): "channel", "hello" or "configured", while it opens
 * "launched" (id, status, detail), "exited" (id, code, tail as GBytes), "idle", "windows" (id, count),
 * "notice" (text): as in Proxy1
 * "sound-wanted", "camera-wanted" (wanted): as in Proxy1
 * "gone" (reason, detail): after it had been open; reason "guest", "display" (the desktop does not answer any
 * more), "connection" (it does: only this proxy lost it), "setup" or "" (it just ended) */

/**
 * bh_proxy_link_new:
 * @id: of the AppVM; wire.sock is in its runtime folder
 * @display: WAYLAND_DISPLAY for the proxy
 * @settings: for Proxy1.Configure
 */
BhProxyLink *bh_proxy_link_new (const char *id, const char *name, const char *color,
                                const char *display, GVariant *settings);

/**
 * bh_proxy_link_set_screen:
 * @uuid: of its domain, which boots by itself
 * @image: path of the image, whose name is the window's title
 * @launch: as for bh_screen_link_start_async()
 *
 * Before it is opened: the guest has no channel to it; the window gate gets the machine's screen as one window.
 */
void bh_proxy_link_set_screen (BhProxyLink *self, BhHypervisor *hypervisor, const char *uuid,
                               const char *image, guint launch);

/**
 * bh_proxy_link_open_async:
 * @nth: 0 when nobody has had the channel yet; else how often it has been tried since somebody had it, from 1 on:
 *   the more often, the longer the guest is left alone first
 *
 * Connect to QEMU as soon as it listens, start the proxy, and wait until the guest is configured. Ends with
 * %BH_ERROR_BOOT_FAILED, %BH_ERROR_NO_DISPLAY, %BH_ERROR_FAILED or %BH_ERROR_CANCELLED. There is no
 * time limit in it: the caller cancels.
 */
void bh_proxy_link_open_async (BhProxyLink *self, guint nth, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
gboolean bh_proxy_link_open_finish (BhProxyLink *self, GAsyncResult *result, GError **error);
/* After a failure: whether the guest has not seen that this is another connection, and the next try may do. */
gboolean bh_proxy_link_is_unheard (BhProxyLink *self);

/* What follows needs an open link. */
/* For what a part (bh-part.h) says and hears; (transfer none) */
BhDbusProxy1 *bh_proxy_link_get_proxy (BhProxyLink *self);
void bh_proxy_link_launch (BhProxyLink *self, guint id, GVariant *options);
void bh_proxy_link_terminate (BhProxyLink *self, guint id);
void bh_proxy_link_shutdown (BhProxyLink *self);
void bh_proxy_link_set_identity (BhProxyLink *self, const char *name, const char *color);

/* What the guest may do, from now on. */
void bh_proxy_link_set_sound (BhProxyLink *self, gboolean play, gboolean record);
/* Takes @fd, which is connected to bulkhead-sound. */
void bh_proxy_link_connect_sound (BhProxyLink *self, int fd);
void bh_proxy_link_set_camera (BhProxyLink *self, gboolean allowed);
/* Takes @fd, which is connected to bulkhead-camera. */
void bh_proxy_link_connect_camera (BhProxyLink *self, int fd);

/* The proxy ends, at the latest two seconds later; no signals any more. */
void bh_proxy_link_close (BhProxyLink *self);
