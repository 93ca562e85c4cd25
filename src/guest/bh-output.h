/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_output and xdg-output: the one output programs see. */
#pragma once

#include "bh-surface.h"

void bh_output_init (BhServer *server);
void bh_output_changed (BhServer *server, const bh_msg_output *output);

/* Tell @surface's program, once, that it is shown there. */
void bh_output_enter (BhSurface *surface);
