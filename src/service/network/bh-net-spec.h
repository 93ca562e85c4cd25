/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network interfaces that an AppVM's settings ask for. */
#pragma once

#include "bh-net-text.h"
#include "bh-vm-config.h"

/* How many interfaces of its own an AppVM can have. */
#define BH_NET_SPEC_MAX 4

/**
 * bh_net_spec_list:
 * @error: %BH_ERROR_INVALID_ARGUMENT naming file and key: settings that do not go together
 *
 * Returns: (transfer full): of BhNetSpec, the main one first; empty without network
 */
GPtrArray *bh_net_spec_list (BhVmConfig *config, GError **error);

/* Ids of the AppVMs whose network it uses; (transfer full): of char *. */
GPtrArray *bh_net_spec_list_providers (BhVmConfig *config);

/* What the hardware address of interface @slot of AppVM @id is when nobody has chosen one; @role tells several
 * interfaces in one slot apart. */
char *bh_net_spec_make_mac (const char *id, const char *role, guint slot);
