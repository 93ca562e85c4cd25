/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A notification of the desktop's (org.freedesktop.Notifications), from the service: also when the application does
 * not run. */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_NOTE (bh_note_get_type ())
G_DECLARE_FINAL_TYPE (BhNote, bh_note, BH, NOTE, GObject)

/* Signal "chosen" (key): of an action */

BhNote *bh_note_new (void);

/**
 * bh_note_show:
 * @title: plain text
 * @body: plain text
 * @actions: (nullable): key, label, key, label …, %NULL
 * @question: it stays until it is answered
 *
 * Show it, or change it. Where a desktop shows no notifications nothing happens.
 */
void bh_note_show (BhNote *self, const char *title, const char *body, const char *const *actions,
                   gboolean question);

void bh_note_withdraw (BhNote *self);
