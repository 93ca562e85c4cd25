/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What makes a booted guest one AppVM's own: the settings for Proxy1.Configure. */
#pragma once

#include <gio/gio.h>

/* A new machine id each time; locale, time zone and colour scheme as on this computer. Floating. */
GVariant *bh_guest_settings_new (const char *id);

/* Ask the desktop whether it is dark, now and from now on. No desktop portal: it is not. */
void bh_guest_settings_watch_desktop (GDBusConnection *connection);
