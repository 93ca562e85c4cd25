/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control of a file of this computer: its name, and choosing another. */
#pragma once

#include "bh-setting-row.h"

GtkWidget *bh_setting_file_make (BhSettingRow *row, const BhKey *key);
void bh_setting_file_show (BhSettingRow *row, GtkWidget *widget, const BhKey *key,
                           const char *value);

/**
 * bh_setting_file_choose:
 * @widget: whose window it belongs to, and for whose life the dialog is kept
 * @chosen: called with the path
 *
 * Let the user choose a disk image.
 */
void bh_setting_file_choose (GtkWidget *widget, void (*chosen) (GtkWidget *widget, const char *path));
