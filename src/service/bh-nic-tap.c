/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A network interface of this computer's kernel: QEMU – TAP – nftables, made by bulkhead-helper. */
#include "config.h"

#include "bh-nic-private.h"

#include "bh-error.h"

void
bh_nic_tap_start (BhNic *self)
{
  bh_nic_started (self, g_error_new (BH_ERROR, BH_ERROR_NO_HELPER, "not yet"));
}

void
bh_nic_tap_refresh (BhNic *self)
{
}

void
bh_nic_tap_close (BhNic *self)
{
}
