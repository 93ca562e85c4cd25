/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The controls of settings, one kind for each type of key. */
#pragma once

#include "bh-setting-row.h"

/**
 * BhSettingControl:
 * @wide: it goes below the words instead of beside them
 * @make: a widget that calls bh_setting_row_propose() when the person changes it
 * @show: let it show @value, without a proposal
 * @flush: (nullable): propose now what waits for the end of typing
 */
typedef struct
{
  gboolean wide;
  GtkWidget *(*make) (BhSettingRow *row, const BhKey *key);
  void (*show) (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value);
  void (*flush) (GtkWidget *widget);
} BhSettingControl;

const BhSettingControl *bh_setting_control_for (BhKeyType type);
