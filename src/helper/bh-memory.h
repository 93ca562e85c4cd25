/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verb RaiseLockedMemory. */
#pragma once

#include "bh-verbs.h"

gboolean bh_memory_check (BhCall *call, GError **error);
gboolean bh_memory_raise (BhCall *call, GError **error);
gboolean bh_memory_undo (BhLedger *ledger, BhHold *hold, GError **error);
