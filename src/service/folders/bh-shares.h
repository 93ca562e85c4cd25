/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of an AppVM that is folders of this computer: those of its settings, and its Inbox once that has
 * been made. */
#pragma once

#include "bh-part.h"

BhPart *bh_shares_new (BhVmConfig *config);

/* Whether every folder of @config that @before (nullable) has not may be handed to an AppVM. */
gboolean bh_shares_check (BhVmConfig *config, BhVmConfig *before, GError **error);
