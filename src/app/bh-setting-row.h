/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One setting of an AppVM as a row, made from its row in the table of keys: title, what it means,
 * its range, a control of its type, what is wrong with it, a way back to the default. */
#pragma once

#include "bh-keys.h"
#include "bh-program-list.h"

#include <adwaita.h>

#define BH_TYPE_SETTING_ROW (bh_setting_row_get_type ())
G_DECLARE_FINAL_TYPE (BhSettingRow, bh_setting_row, BH, SETTING_ROW, AdwPreferencesRow)

/**
 * BhSettingRow::proposed:
 * @value: a good value, in its one form; "" for the default
 *
 * The person wants another value. Whoever listens answers with bh_setting_row_answer().
 */

/* @programs: for keys that are lists of programs. */
GtkWidget *bh_setting_row_new (const BhKey *key, BhProgramList *programs);
const BhKey *bh_setting_row_get_key (BhSettingRow *self);

/* What is in force, as far as the row knows. */
const char *bh_setting_row_get_value (BhSettingRow *self);
/* It is another value now. What the person is typing just now stays, unless it was given up. */
void bh_setting_row_set_value (BhSettingRow *self, const char *value);

/* The proposed value is in force; or with @error is not: then the old one is shown again. */
void bh_setting_row_answer (BhSettingRow *self, const char *value, const char *error);

/* Whether the value in force takes effect at the next start only, and the AppVM runs. */
void bh_setting_row_set_waiting (BhSettingRow *self, gboolean waiting);

/* Checks that need to know more than the key; returns what is wrong, or %NULL. */
typedef char *(*BhSettingCheck) (const char *value, gpointer data);
void bh_setting_row_set_check (BhSettingRow *self, BhSettingCheck check, gpointer data);

/* Propose what was typed and not proposed yet. */
void bh_setting_row_flush (BhSettingRow *self);
void bh_setting_row_focus (BhSettingRow *self);

/* For controls. */

/* @done: FALSE while the person is still typing: what is wrong is said, and nothing is proposed. */
void bh_setting_row_propose (BhSettingRow *self, const char *text, gboolean done);
BhProgramList *bh_setting_row_get_programs (BhSettingRow *self);

/* Which Template= it is for: hidden where it never means anything, and it says so where it is not seen to. */
void bh_setting_row_set_template (BhSettingRow *self, const char *template);
