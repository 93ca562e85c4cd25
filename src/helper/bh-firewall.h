/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The helper's own nftables tables, made from the ledger. */
#pragma once

#include "bh-ledger.h"
#include "bh-settings.h"

/**
 * bh_firewall_apply:
 * @ledger: every hold of kind "tap" whose interface exists gets its rules
 * @closed: the computer forwarded nothing before: let it forward for TAPs only
 *
 * Replaces all rules in one transaction; without TAPs there are no tables. Does nothing when the rules
 * would be the same. Packets never meet a half-made set.
 */
gboolean bh_firewall_apply (BhLedger *ledger, BhSettings *settings, gboolean closed, GError **error);

/* Forgets what was applied last: somebody may have flushed it. */
void bh_firewall_forget (void);
