/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of a group of settings, from the table of keys. */
#pragma once

#include "bh-setting-row.h"

/**
 * bh_setting_rows_make:
 * @skip: (nullable): names of keys that are asked for elsewhere
 * @rows: where the rows are added; they belong to the group
 *
 * Returns: (nullable): a titled group; %NULL when it would be empty
 */
AdwPreferencesGroup *bh_setting_rows_make (BhKeyGroup group, BhProgramList *programs,
                                           const char *const *skip, GPtrArray *rows);
