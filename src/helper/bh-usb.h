/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verbs AssignUsb and ReleaseUsb. */
#pragma once

#include "bh-verbs.h"

gboolean bh_usb_wants_input (GVariant *args);
gboolean bh_usb_check (BhCall *call, GError **error);
gboolean bh_usb_assign (BhCall *call, GError **error);
gboolean bh_usb_undo (BhLedger *ledger, BhHold *hold, GError **error);
