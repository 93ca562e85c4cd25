/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network of a running AppVM: how much goes through it, whom it talks to, whether it may reach the local network. */
#pragma once

#include "bh-vm-item.h"

#include <adwaita.h>

#define BH_TYPE_NETWORK_ROW (bh_network_row_get_type ())
G_DECLARE_FINAL_TYPE (BhNetworkRow, bh_network_row, BH, NETWORK_ROW, AdwExpanderRow)

/* @item: (nullable). */
void bh_network_row_set_item (BhNetworkRow *self, BhVmItem *item);
