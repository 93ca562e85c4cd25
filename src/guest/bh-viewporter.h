/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wp_viewporter and wp_fractional_scale: pictures that are cropped and scaled by the server. */
#pragma once

#include "bh-surface.h"

void bh_viewporter_init (BhServer *server);

/* Whether @state's viewport fits its buffer of logical @width × @height; posts the error when not. */
bool bh_viewport_check (BhSurface *surface, const BhSurfaceState *state, int32_t width,
                        int32_t height);

void bh_viewport_surface_gone (BhSurface *surface);

/* Tell @surface the scale it is best drawn at. */
void bh_fractional_scale_send (BhSurface *surface, uint32_t scale_120);
