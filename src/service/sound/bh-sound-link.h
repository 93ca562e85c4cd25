/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-sound process and the private D-Bus to it (data/dbus/io.github.bulkhead.Sound1.xml). */
#pragma once

#include <gio/gio.h>

#define BH_TYPE_SOUND_LINK (bh_sound_link_get_type ())
G_DECLARE_FINAL_TYPE (BhSoundLink, bh_sound_link, BH, SOUND_LINK, GObject)

/* Signals: "state" (playing, recording), "volume" (volume, muted): as in Sound1; "gone": it has ended */

/**
 * bh_sound_link_new:
 * @latency_ms: how much sound to keep at first
 * @proxy_fd: (out): for the proxy
 *
 * Start it for the AppVM @id. It may do nothing before bh_sound_link_set_switches().
 */
BhSoundLink *bh_sound_link_new (const char *id, const char *name, guint latency_ms, int *proxy_fd,
                                GError **error);

/* Each waits for the process to be there, and keeps the order. */
void bh_sound_link_set_switches (BhSoundLink *self, gboolean play, gboolean record);
void bh_sound_link_set_identity (BhSoundLink *self, const char *name, const char *programs,
                                 const char *icon);
void bh_sound_link_set_volume (BhSoundLink *self, double volume);
void bh_sound_link_set_muted (BhSoundLink *self, gboolean muted);
/* @callback (level, data), 0 when it cannot be known. */
typedef void (*BhSoundLevelFunc) (double level, gpointer data);
void bh_sound_link_get_level (BhSoundLink *self, BhSoundLevelFunc callback, gpointer data);

/* It ends; no signals any more. */
void bh_sound_link_close (BhSoundLink *self);
