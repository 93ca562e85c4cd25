/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One network interface of a running AppVM. */
#pragma once

#include "bh-net-spec.h"
#include "bh-part.h"

#define BH_TYPE_NIC (bh_nic_get_type ())
G_DECLARE_FINAL_TYPE (BhNic, bh_nic, BH, NIC, GObject)

/* Signals: "notice" (text), "changed": bh_nic_describe() says something else, "guest" (good, detail): the guest has set it
 * up, or says why not */

/**
 * bh_nic_new:
 * @slot: as in bh-plug.h; also the guest's number for it
 */
BhNic *bh_nic_new (const BhPartMachine *machine, guint slot, const BhNetSpec *spec);

/**
 * bh_nic_new_client:
 * @fd: leads to the client; taken
 * @client: its id
 * @number: of the link (bh_net_link_address)
 *
 * The provider's end of a link.
 */
BhNic *bh_nic_new_client (const BhPartMachine *machine, guint slot, const char *client, int fd,
                          int number);

#define BH_NET_LINK_MTU 65520
/* Of one end of link @number: one of each family. */
char **bh_net_link_addresses (int number, gboolean provider);

/* Make what it needs and plug it in. */
void bh_nic_start_async (BhNic *self, GAsyncReadyCallback callback, gpointer data);
gboolean bh_nic_start_finish (BhNic *self, GAsyncResult *result, GError **error);

/* Other settings, in force at once. %FALSE: they cannot be; close it and make another one. */
gboolean bh_nic_update (BhNic *self, const BhNetSpec *spec);

/* @link: (nullable): the guest can be told (again) */
void bh_nic_set_link (BhNic *self, BhProxyLink *link);

/* Nothing passes any more when this has returned. With @unplug it is taken out of the machine, too. */
void bh_nic_close (BhNic *self, gboolean unplug);
/* Whether it is still being taken out. */
gboolean bh_nic_is_busy (BhNic *self);

guint bh_nic_get_slot (BhNic *self);
const BhNetSpec *bh_nic_get_spec (BhNic *self);
gboolean bh_nic_is_client (BhNic *self);

/* a{sv}, floating: name, mode, state ("on", "waiting", "failed", "off"), detail, via, addresses */
GVariant *bh_nic_describe (BhNic *self);
/* The same with what bh_netgate_report_async() gives, as far as there is a gate. */
void bh_nic_report_async (BhNic *self, GAsyncReadyCallback callback, gpointer data);
GVariant *bh_nic_report_finish (BhNic *self, GAsyncResult *result);
