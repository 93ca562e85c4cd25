/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verbs AssignPci and ReleasePci. */
#pragma once

#include "bh-verbs.h"

gboolean bh_pci_check (BhCall *call, GError **error);
gboolean bh_pci_assign (BhCall *call, GError **error);
gboolean bh_pci_undo (BhLedger *ledger, BhHold *hold, GError **error);
