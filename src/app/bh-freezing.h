/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Says that a guest is being frozen and how far that is; invisible while none is. */
#pragma once

#include "bh-vm-list.h"

#include <gtk/gtk.h>

#define BH_TYPE_FREEZING (bh_freezing_get_type ())
G_DECLARE_FINAL_TYPE (BhFreezing, bh_freezing, BH, FREEZING, GtkBox)

/* Once, before it is shown. */
void bh_freezing_set_vms (BhFreezing *self, BhVmList *vms);
