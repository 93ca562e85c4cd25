/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Volume of a running AppVM, and how loud it is just now. */
#pragma once

#include "bh-vm-item.h"

#include <adwaita.h>

#define BH_TYPE_SOUND_ROW (bh_sound_row_get_type ())
G_DECLARE_FINAL_TYPE (BhSoundRow, bh_sound_row, BH, SOUND_ROW, AdwActionRow)

/* @item: (nullable). */
void bh_sound_row_set_item (BhSoundRow *self, BhVmItem *item);
