/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera as /dev/video: for programs that know nothing of PipeWire, where v4l2loopback is installed.
 *
 * Should: be a camera of one size for every program, and tell whether one looks. Mustn't: take one that has it
 * open for one that looks, or show anything of its own. */
#pragma once

#include "bh-media.h"

typedef struct _BhLoopback BhLoopback;

/* @changed is called when programs begin or cease to look. NULL: no memory. */
BhLoopback *bh_loopback_new (BhMedia *media, void (*changed) (void *data), void *data);
void bh_loopback_free (BhLoopback *loopback);

/* Whether the user lets this AppVM have a camera. The device itself comes and goes by bulkhead-guest. */
void bh_loopback_switch (BhLoopback *loopback, bool on);
bool bh_loopback_is_looked_at (BhLoopback *loopback);
/* @picture: of size 0, as on the wire. */
void bh_loopback_show (BhLoopback *loopback, const uint8_t *picture);
