/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control of a setting that is a list of folders: each with a switch for writing. */
#pragma once

#include "bh-setting-row.h"

GtkWidget *bh_setting_folders_make (BhSettingRow *row, const BhKey *key);
void bh_setting_folders_show (BhSettingRow *row, GtkWidget *widget, const BhKey *key,
                              const char *value);
