/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tells what happens in AppVMs: in the window while it is looked at, else through the desktop. */
#pragma once

#include "bh-vm-list.h"

#include <gtk/gtk.h>

#define BH_TYPE_NOTIFIER (bh_notifier_get_type ())
G_DECLARE_FINAL_TYPE (BhNotifier, bh_notifier, BH, NOTIFIER, GObject)

BhNotifier *bh_notifier_new (GtkApplication *application, BhVmList *vms);

/**
 * bh_notify_unseen:
 *
 * Tell the desktop, unless a window of the application is active or the setting "notifications" is off.
 * Choosing the notification shows the AppVM. Returns whether the desktop was told.
 */
gboolean bh_notify_unseen (BhVmItem *item, const char *title, const char *body);
