/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether an AppVM can have a name, told while it is typed. */
#pragma once

#include "bh-vm-list.h"

/**
 * bh_name_check:
 * @own: (nullable): the AppVM that is to have it; its own name is no clash
 * @name: as typed
 * @fatal: (out): whether it cannot be used
 *
 * Returns: (transfer full) (nullable): what is wrong with it or nearly so, for people; also %NULL for
 *   an empty name, which is @fatal, but needs no words yet
 */
char *bh_name_check (BhVmList *vms, BhVmItem *own, const char *name, gboolean *fatal);
