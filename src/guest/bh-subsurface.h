/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_subsurface: place, order and synchronization of a surface in another. */
#pragma once

#include "bh-surface.h"

typedef struct _BhSubsurface BhSubsurface;

struct _BhSubsurface
{
  struct wl_resource *resource;
  BhSurface *surface;
  BhSurface *parent; /* NULL when it has gone: then the surface is not shown */
  BhStackNode node;
  bool placed; /* in the parent's current stack */
  bool sync;
  int32_t x, y, pending_x, pending_y;
  bool moved;
  BhSurfaceState cached;
  bool has_cached;
};

void bh_subcompositor_init (BhServer *server);

/* Whether commits wait for the parent's. */
bool bh_subsurface_is_sync (const BhSubsurface *subsurface);

/* Hold back what was committed until the parent's commit. */
void bh_subsurface_cache (BhSubsurface *subsurface);

/* The parent's state is applied: order, places, and cached states. */
void bh_subsurface_parent_applied (BhSurface *parent);

/* @parent goes: its subsurfaces are without one. */
void bh_subsurface_orphan (BhSurface *parent);

/* From the root surface's coordinates to @surface's. */
void bh_subsurface_to_local (BhSurface *surface, double *x, double *y);
