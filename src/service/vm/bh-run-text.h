/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run says to people: its steps, and why it did not start. */
#pragma once

#include <gio/gio.h>

/* The first line of a start in the log. */
#define BH_RUN_LOG_MARK "starting"

/* "" for a step that has no text. */
const char *bh_run_step_text (const char *name);

/* A step has failed: tell where, and what the console said last. @step: nullable. */
GError *bh_run_boot_error (const char *id, const char *step, const GError *cause);
