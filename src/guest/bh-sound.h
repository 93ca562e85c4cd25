/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound and camera in the guest: PipeWire and bulkhead-media, started when the first program wants them. */
#pragma once

#include "bh-link.h"
#include "bh-session.h"

typedef struct _BhSound BhSound;

/* @media: path of bulkhead-media. */
BhSound *bh_sound_new (struct wl_event_loop *loop, BhLink *link, const char *media);
void bh_sound_free (BhSound *sound);

/* Programs can run from now on, in @session. */
void bh_sound_set_session (BhSound *sound, BhSession *session);

/* A message of the sound or camera stream, or a switch of either. */
void bh_sound_message (BhSound *sound, const BhMessage *message);
/* Whether bulkhead-media runs, or was just started. */
bool bh_sound_has_media (const BhSound *sound);
/* The host is gone: programs play to nobody until it is back. */
void bh_sound_disconnected (BhSound *sound);
/* Once per turn of the main loop. */
void bh_sound_flush (BhSound *sound);
