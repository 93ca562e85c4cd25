/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a click to a job of the service, and to a clear message when it fails. */
#pragma once

#include "bh-vm-item.h"

#include <gtk/gtk.h>

/**
 * bh_launch_program:
 * @kind: %BH_JOB_LAUNCH or %BH_JOB_DISPOSABLE
 * @label: the program's name for people
 * @origin: a widget of the window that was clicked in: its display is where the program's window
 *   goes, its window gets the focus' token and shows what went wrong
 *
 * Start @app in @item, and @item first when it is stopped.
 */
void bh_launch_program (BhVmItem *item, BhJobKind kind, const char *app, const char *label,
                        GtkWidget *origin);

/* The options of Vm1.Launch for that, and of Vm1.Open. @app: (nullable): the service finds one. */
void bh_launch_fill (GVariantDict *options, const char *app, const char *label, gboolean disposable,
                     GtkWidget *origin);

void bh_launch_start (BhVmItem *item, GtkWidget *origin);
void bh_launch_stop (BhVmItem *item, gboolean force, GtkWidget *origin);

/* Stop, and start without a program. */
void bh_launch_restart (BhVmItem *item, GtkWidget *origin);
