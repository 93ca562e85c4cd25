/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TAP interfaces for AppVMs: the verbs CreateTap, ChangeTap and DestroyTap. */
#pragma once

#include "bh-verbs.h"

gboolean bh_tap_check (BhCall *call, GError **error);
gboolean bh_tap_create (BhCall *call, GError **error);
gboolean bh_tap_check_change (BhCall *call, GError **error);
gboolean bh_tap_change (BhCall *call, GError **error);
gboolean bh_tap_undo (BhLedger *ledger, BhHold *hold, GError **error);

/* After a start: the rules of what the process before has left. And whenever routes have changed. */
void bh_tap_refresh (BhLedger *ledger);
