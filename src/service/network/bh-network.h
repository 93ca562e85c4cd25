/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network of one running AppVM: a part (bh-part.h) with an interface for each that its settings ask for, and one for
 * each AppVM that uses its network. */
#pragma once

#include "bh-part.h"

#define BH_TYPE_NETWORK (bh_network_get_type ())
G_DECLARE_FINAL_TYPE (BhNetwork, bh_network, BH, NETWORK, GObject)

#define BH_NETWORK_PART "network"

BhPart *bh_network_new (BhVmConfig *config);

/* Whether a machine with places for @nics interfaces may have too few: the settings ask for as many already, or other
 * AppVMs use its network. */
gboolean bh_network_needs_more (BhVmConfig *config, guint nics);

/* Whether the settings make sense together, and with those of other AppVMs. */
gboolean bh_network_check (BhVmConfig *config, GError **error);

/**
 * bh_network_add_client_async:
 * @client: id of the AppVM
 * @fd: leads to its gate; taken
 * @number: of the link
 */
void bh_network_add_client_async (BhNetwork *self, const char *client, int fd, int number,
                                  GAsyncReadyCallback callback, gpointer data);
/* Returns: the slot, for bh_network_remove_client(); -1 with @error */
int bh_network_add_client_finish (BhNetwork *self, GAsyncResult *result, GError **error);
void bh_network_remove_client (BhNetwork *self, guint slot);

/* aa{sv}: what Vm1.ReadNetwork gives. */
void bh_network_report_async (BhNetwork *self, GAsyncReadyCallback callback, gpointer data);
GVariant *bh_network_report_finish (BhNetwork *self, GAsyncResult *result);
