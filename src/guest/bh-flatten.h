/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flattening: a tree of surfaces becomes one picture.
 *
 * Layers are in the root surface's logical coordinates. The picture shows the rectangle @box of them at
 * @scale pixels each. A picture is XRGB: what is transparent in it, or covered by nothing, shows the
 * backdrop. The lowest layer is copied with its alpha, those above it are blended, and the backdrop comes
 * in last, where no layer is opaque: mostly a few pixels in rounded corners. */
#pragma once

#include "bh-messages.h"
#include "bh-surface.h"

typedef struct
{
  BhSurface *surface;
  int32_t x, y;
} BhLayer;

typedef struct
{
  struct wl_array layers; /* BhLayer, lowest first */
  BhRect box;             /* logical */
  double scale;
  int32_t width, height; /* pixels */
} BhScene;

void bh_scene_init (BhScene *scene);
void bh_scene_clear (BhScene *scene);

/* Collect the layers of @root. Then, with @scene.box set, bh_scene_measure finds scale and size. */
void bh_scene_collect (BhScene *scene, BhSurface *root);
unsigned bh_scene_n_layers (const BhScene *scene);
BhRect bh_scene_bounds (const BhScene *scene);
void bh_scene_measure (BhScene *scene, uint32_t preferred_120);

/* Where damage of the commit of @surface lies in the picture; added to @out. */
void bh_scene_map_damage (const BhScene *scene, BhSurface *surface, const pixman_region32_t *damage,
                          const pixman_region32_t *buffer_damage, pixman_region32_t *out);

/* Draw the part @region of the picture, over @backdrop (0xRRGGBB). */
void bh_scene_draw (const BhScene *scene, const pixman_region32_t *region, uint32_t backdrop,
                    uint8_t *pixels, int32_t stride);

/* The topmost layer that takes input at a logical point; its own coordinates in @sx, @sy. */
BhSurface *bh_scene_pick (BhSurface *root, double x, double y, double *sx, double *sy);
