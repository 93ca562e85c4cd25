/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors for people: what happened, what it means, and the next step. */
#pragma once

#include "bh-vm-item.h"

#include <gtk/gtk.h>

/* The heading and the plain meaning of an error; both static and translated, @meaning perhaps
 * "". */
void bh_trouble_describe (const GError *error, const char **heading, const char **meaning);

/* Tell it in a dialog over @window, with the next step as a button; nothing for what the person
 * cancelled. */
void bh_trouble_present (GtkWindow *window, BhVmItem *item, BhJob *job, const GError *error);

/* As above, for what was not a job. @doing: (nullable): heading to use where the error says too
 * little. */
void bh_trouble_present_plain (GtkWindow *window, const char *doing, const GError *error);
