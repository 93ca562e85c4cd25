/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The head of an AppVM's page: its sign, name, state, reach, and the button that fits. */
#pragma once

#include "bh-vm-item.h"

#include <adwaita.h>

#define BH_TYPE_VM_HERO (bh_vm_hero_get_type ())
G_DECLARE_FINAL_TYPE (BhVmHero, bh_vm_hero, BH, VM_HERO, AdwBin)

/* @item: (nullable). */
void bh_vm_hero_set_item (BhVmHero *self, BhVmItem *item);
/* The item is another than it was. */
void bh_vm_hero_update (BhVmHero *self);
