/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_surface: its double-buffered state, its role and its tree of subsurfaces.
 *
 * State goes pending → (cached, for a synchronized subsurface) → current, as wayland.xml has it for
 * wl_surface.commit and wl_subsurface. */
#pragma once

#include <pixman.h>
#include <stdbool.h>
#include <wayland-server.h>

#include "bh-buffer.h"
#include "bh-server.h"

/* Bits of BhSurfaceState.set: what a commit brings. */
enum
{
  BH_SURFACE_BUFFER = 1 << 0,
  BH_SURFACE_SCALE = 1 << 1,
  BH_SURFACE_TRANSFORM = 1 << 2,
  BH_SURFACE_OPAQUE = 1 << 3,
  BH_SURFACE_INPUT = 1 << 4,
  BH_SURFACE_VIEWPORT = 1 << 5,
};

typedef struct
{
  unsigned set;
  BhBuffer *buffer;     /* locked while it is here … */
  bool buffer_released; /* … unless it has been released already */
  int32_t dx, dy;
  pixman_region32_t damage;        /* in surface coordinates */
  pixman_region32_t buffer_damage; /* in buffer coordinates */
  pixman_region32_t opaque, input;
  int32_t scale, transform;
  wl_fixed_t src_x, src_y, src_width, src_height; /* src_width < 0: none */
  int32_t dst_width, dst_height;                  /* < 0: none */
  struct wl_list frames;                          /* wl_callback resources */
} BhSurfaceState;

/* What a surface is for. Once given, it stays (wayland.xml, wl_surface). */
typedef struct
{
  const char *name;
  /* May post an error about @surface.pending and return false. */
  bool (*check) (BhSurface *surface);
  void (*committed) (BhSurface *surface);
  /* The surface goes while the role's object is still there. */
  void (*gone) (BhSurface *surface);
} BhRole;

/* A place in a stack of sibling surfaces, in which the parent has one as well. */
typedef struct
{
  struct wl_list link, pending_link;
  BhSurface *surface;
} BhStackNode;

struct _BhSurface
{
  BhServer *server;
  struct wl_resource *resource;
  struct wl_list link; /* BhServer.surfaces */
  BhSurfaceState pending, current;
  int32_t width, height; /* logical; 0 without content */
  bool entered;          /* has been told its output */

  const BhRole *role;
  void *role_object;

  struct wl_list stack, stack_pending; /* bottom first */
  BhStackNode self;
  bool stack_changed;
  unsigned n_children;
  struct _BhSubsurface *subsurface; /* when this is one */

  struct wl_resource *viewport, *fractional;
};

void bh_surface_create (BhServer *server, struct wl_client *client, uint32_t version, uint32_t id);
BhSurface *bh_surface_get (struct wl_resource *resource);

/* Give @surface its role; posts @error on @resource and returns false when it has another. */
bool bh_surface_set_role (BhSurface *surface, const BhRole *role, struct wl_resource *resource,
                          uint32_t error);

void bh_surface_state_init (BhSurfaceState *state);
void bh_surface_state_clear (BhSurfaceState *state);
/* Move everything @from has on top of @to. */
void bh_surface_state_merge (BhSurfaceState *to, BhSurfaceState *from);

/* Make @state current, and the cached state of synchronized subsurfaces with it. */
void bh_surface_apply (BhSurface *surface, BhSurfaceState *state);

/* The surface at the top of the tree, and the window it is shown in (NULL when it is in none). */
BhSurface *bh_surface_get_root (BhSurface *surface);
BhWindow *bh_surface_get_window (BhSurface *surface);

/* Whether the point lies in the surface and in its input region. */
bool bh_surface_accepts (BhSurface *surface, double x, double y);

/* Let the application have its buffer again. */
void bh_surface_release (BhSurface *surface);

/* Call the frame callbacks of @list with @time, and empty it. */
void bh_surface_fire (struct wl_list *list, uint32_t time);

/* Size of the buffer turned upright, in buffer pixels. */
void bh_surface_upright_size (const BhSurfaceState *state, int32_t *width, int32_t *height);
