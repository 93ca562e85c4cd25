/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control of where a home is kept: nowhere, on a disk, or in a folder that is chosen. */
#pragma once

#include "bh-setting-row.h"

GtkWidget *bh_setting_home_make (BhSettingRow *row, const BhKey *key);
void bh_setting_home_show (BhSettingRow *row, GtkWidget *widget, const BhKey *key,
                           const char *value);
