/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What Manager1 has about frozen guests and those that wait. */
#pragma once

#include "bh-dbus-manager.h"
#include "bh-frozen.h"
#include "bh-pool.h"

/* For as long as @manager lives. */
void bh_frozen_bus_serve (BhDbusManager1 *manager, BhFrozen *frozen, BhPool *pool);
