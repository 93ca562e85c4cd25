/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound of the AppVM: between the guest and bulkhead-sound.
 *
 * Should: let through only what the user allows and what there was room for, in whole frames; end the
 * proxy when a guest sends more. Mustn't: look into sound, keep it, or need a connection of its own to
 * the desktop's sound server. */
#pragma once

#include "bh-proxy.h"

BhSound *bh_sound_new (BhProxy *proxy);
void bh_sound_free (BhSound *sound);

/* The guest is there: tell it what is allowed. */
void bh_sound_hello (BhSound *sound);

/* A message of the sound stream. NULL, or what was wrong with it. */
const char *bh_sound_message (BhSound *sound, const BhMessage *untrusted);

/* What the user allows, from now on. */
void bh_sound_set_switches (BhSound *sound, gboolean play, gboolean record);

/* The other end of @fd is bulkhead-sound's; @fd becomes the proxy's. */
void bh_sound_connect (BhSound *sound, int fd);
