/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verb EnableKvm. */
#pragma once

#include "bh-verbs.h"

gboolean bh_kvm_enable (BhCall *call, GError **error);
gboolean bh_kvm_undo (BhLedger *ledger, BhHold *hold, GError **error);
