/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound of a running AppVM: what it may play and record, and what it does. */
#pragma once

#include "bh-part.h"
#include "bh-sound-link.h"

#define BH_TYPE_SOUND_PART (bh_sound_part_get_type ())
G_DECLARE_FINAL_TYPE (BhSoundPart, bh_sound_part, BH, SOUND_PART, GObject)

#define BH_SOUND_PART_NAME "sound"

/* Describes itself as: "in-use" (as: of "sound", "microphone"), "volume" (d), "muted" (b). */
BhPart *bh_sound_part_new (BhVmConfig *config);

/* What runs, for the desktop's mixer, with which icon; and whether the guest's processor is emulated. */
void bh_sound_part_set_programs (BhSoundPart *self, const char *programs, const char *icon,
                                 gboolean emulated);

void bh_sound_part_set_volume (BhSoundPart *self, double volume);
void bh_sound_part_set_muted (BhSoundPart *self, gboolean muted);
void bh_sound_part_get_level (BhSoundPart *self, BhSoundLevelFunc callback, gpointer data);

/* All microphones at once, whatever their AppVMs' settings; lasts until it is taken back. */
gboolean bh_sound_part_microphones_muted (void);
gboolean bh_sound_part_mute_microphones (gboolean muted, GError **error);
