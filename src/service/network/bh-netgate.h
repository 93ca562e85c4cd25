/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-netgate process: between a network interface of an AppVM and its network. */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_NETGATE (bh_netgate_get_type ())
G_DECLARE_FINAL_TYPE (BhNetgate, bh_netgate, BH, NETGATE, GObject)

/* Signals:
 * "network-gone": the network's side has closed
 * "ended" (text): the process has ended by itself; nothing passes any more */

/**
 * bh_netgate_new:
 * @guest: (out): the other end of its socket, for QEMU; to be closed
 */
BhNetgate *bh_netgate_new (const char *id, int *guest, GError **error);

/* What may pass from now on, a line each as in src/netgate/bh-policy.h. */
void bh_netgate_set_policy (BhNetgate *self, const char *policy);

/* Its network's side; takes @fd, -1 for none. Only after a policy. */
void bh_netgate_set_network (BhNetgate *self, int fd);

/**
 * bh_netgate_report_async:
 * Bytes and peers. The result is empty when the process does not answer.
 *
 * Returns: (transfer full): floating a{sv}: in (t), out (t), dropped (t), blocked (t),
 * peers (a(ssutt): protocol, address, port, bytes in, bytes out)
 */
void bh_netgate_report_async (BhNetgate *self, GAsyncReadyCallback callback, gpointer data);
GVariant *bh_netgate_report_finish (BhNetgate *self, GAsyncResult *result);

/* End it. Nothing passes when this has returned. */
void bh_netgate_close (BhNetgate *self);
