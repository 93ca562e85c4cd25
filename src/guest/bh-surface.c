/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_surface: its double-buffered state and its role. */
#include "bh-surface.h"

#include <glib.h>

#include "bh-cursor.h"
#include "bh-region.h"
#include "bh-seat.h"
#include "bh-subsurface.h"
#include "bh-viewporter.h"
#include "bh-window.h"

/* Callbacks an application may have waiting on one surface. */
#define MAX_FRAMES 256

void
bh_surface_state_init (BhSurfaceState *state)
{
  *state = (BhSurfaceState){
    .scale = 1,
    .src_width = -1,
    .src_height = -1,
    .dst_width = -1,
    .dst_height = -1,
  };
  pixman_region32_init (&state->damage);
  pixman_region32_init (&state->buffer_damage);
  pixman_region32_init (&state->opaque);
  pixman_region32_init_rect (&state->input, INT32_MIN / 2, INT32_MIN / 2, INT32_MAX, INT32_MAX);
  wl_list_init (&state->frames);
}

static void
drop_frames (struct wl_list *frames)
{
  struct wl_resource *frame, *next;

  wl_resource_for_each_safe (frame, next, frames) wl_resource_destroy (frame);
}

/* One attach gets one release: toolkits free the buffer's memory at it, a second one kills them. */
static void
drop_buffer (BhSurfaceState *state)
{
  if (state->buffer && !state->buffer_released)
    bh_buffer_unlock (state->buffer);
  bh_buffer_unref (g_steal_pointer (&state->buffer));
}

void
bh_surface_state_clear (BhSurfaceState *state)
{
  drop_buffer (state);
  pixman_region32_fini (&state->damage);
  pixman_region32_fini (&state->buffer_damage);
  pixman_region32_fini (&state->opaque);
  pixman_region32_fini (&state->input);
  drop_frames (&state->frames);
}

void
bh_surface_state_merge (BhSurfaceState *to, BhSurfaceState *from)
{
  if (from->set & BH_SURFACE_BUFFER)
    {
      drop_buffer (to);
      to->buffer = g_steal_pointer (&from->buffer);
      to->buffer_released = false;
    }
  to->dx += from->dx;
  to->dy += from->dy;
  if (from->set & BH_SURFACE_SCALE)
    to->scale = from->scale;
  if (from->set & BH_SURFACE_TRANSFORM)
    to->transform = from->transform;
  if (from->set & BH_SURFACE_OPAQUE)
    pixman_region32_copy (&to->opaque, &from->opaque);
  if (from->set & BH_SURFACE_INPUT)
    pixman_region32_copy (&to->input, &from->input);
  if (from->set & BH_SURFACE_VIEWPORT)
    {
      to->src_x = from->src_x;
      to->src_y = from->src_y;
      to->src_width = from->src_width;
      to->src_height = from->src_height;
      to->dst_width = from->dst_width;
      to->dst_height = from->dst_height;
    }
  pixman_region32_union (&to->damage, &to->damage, &from->damage);
  pixman_region32_union (&to->buffer_damage, &to->buffer_damage, &from->buffer_damage);
  pixman_region32_clear (&from->damage);
  pixman_region32_clear (&from->buffer_damage);
  wl_list_insert_list (to->frames.prev, &from->frames);
  wl_list_init (&from->frames);
  to->set |= from->set;
  from->set = 0;
  from->dx = from->dy = 0;
}

void
bh_surface_upright_size (const BhSurfaceState *state, int32_t *width, int32_t *height)
{
  bool turned = state->transform & 1; /* 90 and 270 degrees, flipped or not */

  *width = state->buffer ? (turned ? state->buffer->height : state->buffer->width) : 0;
  *height = state->buffer ? (turned ? state->buffer->width : state->buffer->height) : 0;
}

/* Logical size of what @state shows; posts an error and returns false when it cannot be. */
static bool
measure (BhSurface *surface, const BhSurfaceState *state, int32_t *width, int32_t *height)
{
  int32_t w, h;

  *width = *height = 0;
  if (!state->buffer)
    return true;
  bh_surface_upright_size (state, &w, &h);
  if ((w % state->scale || h % state->scale) && surface->role != &bh_cursor_role)
    {
      wl_resource_post_error (surface->resource, WL_SURFACE_ERROR_INVALID_SIZE,
                              "buffer size %dx%d is no multiple of scale %d", w, h, state->scale);
      return false;
    }
  w = MAX (1, w / state->scale);
  h = MAX (1, h / state->scale);
  if (!bh_viewport_check (surface, state, w, h))
    return false;
  if (state->dst_width > 0)
    {
      w = state->dst_width;
      h = state->dst_height;
    }
  else if (state->src_width > 0)
    {
      w = wl_fixed_to_int (state->src_width);
      h = wl_fixed_to_int (state->src_height);
    }
  *width = w;
  *height = h;
  return true;
}

/* What is damaged by a commit is known in two coordinate spaces; the window wants it in its own. */
static void
report_damage (BhSurface *surface, bool everything)
{
  BhWindow *window = bh_surface_get_window (surface);

  if (window)
    {
      if (everything)
        bh_window_damage_all (window);
      else
        bh_window_damage (window, surface, &surface->current.damage,
                          &surface->current.buffer_damage);
    }
  pixman_region32_clear (&surface->current.damage);
  pixman_region32_clear (&surface->current.buffer_damage);
}

void
bh_surface_apply (BhSurface *surface, BhSurfaceState *state)
{
  unsigned set = state->set;
  int32_t width = surface->width, height = surface->height;
  bool everything = set & (BH_SURFACE_SCALE | BH_SURFACE_TRANSFORM | BH_SURFACE_VIEWPORT);

  bh_surface_state_merge (&surface->current, state);
  if (!measure (surface, &surface->current, &surface->width, &surface->height))
    return;
  if (surface->width != width || surface->height != height || surface->stack_changed)
    everything = true;
  bh_subsurface_parent_applied (surface);
  report_damage (surface, everything);
  surface->current.set = 0;
  if (surface->role && surface->role->committed)
    surface->role->committed (surface);
  surface->current.dx = surface->current.dy = 0;
}

void
bh_surface_release (BhSurface *surface)
{
  if (surface->current.buffer && !surface->current.buffer_released)
    {
      surface->current.buffer_released = true;
      bh_buffer_unlock (surface->current.buffer);
    }
}

static void
surface_attach (struct wl_client *client, struct wl_resource *resource, struct wl_resource *buffer,
                int32_t x, int32_t y)
{
  BhSurface *surface = wl_resource_get_user_data (resource);
  BhSurfaceState *pending = &surface->pending;

  if (wl_resource_get_version (resource) >= 5)
    {
      if (x != 0 || y != 0)
        {
          wl_resource_post_error (resource, WL_SURFACE_ERROR_INVALID_OFFSET,
                                  "attach with an offset; use wl_surface.offset");
          return;
        }
    }
  else
    {
      pending->dx = x;
      pending->dy = y;
    }
  if (pending->buffer)
    {
      /* Never committed, so never used: no release event for it. */
      pending->buffer->locks--;
      bh_buffer_unref (pending->buffer);
      pending->buffer = NULL;
    }
  if (buffer)
    {
      pending->buffer = bh_buffer_get (buffer);
      if (!pending->buffer)
        {
          wl_resource_post_error (
              buffer, WL_DISPLAY_ERROR_INVALID_OBJECT,
              "a buffer of an unknown kind, or with rows longer than its stride");
          return;
        }
      bh_buffer_lock (pending->buffer);
    }
  pending->set |= BH_SURFACE_BUFFER;
}

/* Add to damage; past a number of pieces only their extents are kept. */
static void
add_damage (pixman_region32_t *damage, int32_t x, int32_t y, int32_t width, int32_t height)
{
  const int32_t far = 1 << 24;

  if (width <= 0 || height <= 0)
    return;
  /* Applications say "everything" with INT32_MAX; sums must not overflow. */
  x = CLAMP (x, -far, far);
  y = CLAMP (y, -far, far);
  pixman_region32_union_rect (damage, damage, x, y, (unsigned) MIN (width, far),
                              (unsigned) MIN (height, far));
  if (pixman_region32_n_rects (damage) > 128)
    {
      pixman_box32_t box = *pixman_region32_extents (damage);

      pixman_region32_reset (damage, &box);
    }
}

static void
surface_damage (struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y,
                int32_t width, int32_t height)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  add_damage (&surface->pending.damage, x, y, width, height);
}

static void
surface_damage_buffer (struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y,
                       int32_t width, int32_t height)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  add_damage (&surface->pending.buffer_damage, x, y, width, height);
}

static void
callback_gone (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

static void
surface_frame (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  BhSurface *surface = wl_resource_get_user_data (resource);
  struct wl_resource *callback = wl_resource_create (client, &wl_callback_interface, 1, id);

  if (!callback || wl_list_length (&surface->pending.frames) >= MAX_FRAMES
      || wl_list_length (&surface->current.frames) >= MAX_FRAMES)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (callback, NULL, NULL, callback_gone);
  wl_list_insert (surface->pending.frames.prev, wl_resource_get_link (callback));
}

void
bh_surface_fire (struct wl_list *list, uint32_t time)
{
  struct wl_resource *frame, *next;

  wl_resource_for_each_safe (frame, next, list)
  {
    wl_callback_send_done (frame, time);
    wl_resource_destroy (frame);
  }
}

static void
surface_set_opaque_region (struct wl_client *client, struct wl_resource *resource,
                           struct wl_resource *region)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  if (region)
    pixman_region32_copy (&surface->pending.opaque, bh_region_get (region));
  else
    pixman_region32_clear (&surface->pending.opaque);
  surface->pending.set |= BH_SURFACE_OPAQUE;
}

static void
surface_set_input_region (struct wl_client *client, struct wl_resource *resource,
                          struct wl_resource *region)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  if (region)
    pixman_region32_copy (&surface->pending.input, bh_region_get (region));
  else
    {
      pixman_region32_fini (&surface->pending.input);
      pixman_region32_init_rect (&surface->pending.input, INT32_MIN / 2, INT32_MIN / 2, INT32_MAX,
                                 INT32_MAX);
    }
  surface->pending.set |= BH_SURFACE_INPUT;
}

static void
surface_commit (struct wl_client *client, struct wl_resource *resource)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  if (surface->role && surface->role->check && !surface->role->check (surface))
    return;
  if (surface->subsurface && bh_subsurface_is_sync (surface->subsurface))
    {
      bh_subsurface_cache (surface->subsurface);
      return;
    }
  if (surface->subsurface && surface->subsurface->has_cached)
    {
      bh_subsurface_cache (surface->subsurface);
      surface->subsurface->has_cached = false;
      bh_surface_apply (surface, &surface->subsurface->cached);
    }
  else
    bh_surface_apply (surface, &surface->pending);
}

static void
surface_set_buffer_transform (struct wl_client *client, struct wl_resource *resource,
                              int32_t transform)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  if (transform < WL_OUTPUT_TRANSFORM_NORMAL || transform > WL_OUTPUT_TRANSFORM_FLIPPED_270)
    {
      wl_resource_post_error (resource, WL_SURFACE_ERROR_INVALID_TRANSFORM, "transform %d",
                              transform);
      return;
    }
  if (surface->pending.transform != transform)
    surface->pending.set |= BH_SURFACE_TRANSFORM;
  surface->pending.transform = transform;
}

static void
surface_set_buffer_scale (struct wl_client *client, struct wl_resource *resource, int32_t scale)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  if (scale < 1)
    {
      wl_resource_post_error (resource, WL_SURFACE_ERROR_INVALID_SCALE, "scale %d", scale);
      return;
    }
  /* Toolkits repeat it with every frame; only a change makes a whole new picture. */
  if (surface->pending.scale != scale)
    surface->pending.set |= BH_SURFACE_SCALE;
  surface->pending.scale = scale;
}

static void
surface_offset (struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  surface->pending.dx = x;
  surface->pending.dy = y;
}

static const struct wl_surface_interface surface_interface = {
  .destroy = bh_server_destroy_resource,
  .attach = surface_attach,
  .damage = surface_damage,
  .frame = surface_frame,
  .set_opaque_region = surface_set_opaque_region,
  .set_input_region = surface_set_input_region,
  .commit = surface_commit,
  .set_buffer_transform = surface_set_buffer_transform,
  .set_buffer_scale = surface_set_buffer_scale,
  .damage_buffer = surface_damage_buffer,
  .offset = surface_offset,
};

static void
surface_gone (struct wl_resource *resource)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  bh_seat_surface_gone (surface->server->seat, surface);
  if (surface->role && surface->role_object && surface->role->gone)
    surface->role->gone (surface);
  bh_viewport_surface_gone (surface);
  bh_subsurface_orphan (surface);
  bh_surface_state_clear (&surface->pending);
  bh_surface_state_clear (&surface->current);
  wl_list_remove (&surface->link);
  g_free (surface);
}

void
bh_surface_create (BhServer *server, struct wl_client *client, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &wl_surface_interface, (int) version, id);
  BhSurface *surface;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  surface = g_new0 (BhSurface, 1);
  surface->server = server;
  surface->resource = resource;
  bh_surface_state_init (&surface->pending);
  bh_surface_state_init (&surface->current);
  wl_list_init (&surface->stack);
  wl_list_init (&surface->stack_pending);
  surface->self.surface = surface;
  wl_list_insert (&surface->stack, &surface->self.link);
  wl_list_insert (&surface->stack_pending, &surface->self.pending_link);
  wl_list_insert (&server->surfaces, &surface->link);
  wl_resource_set_implementation (resource, &surface_interface, surface, surface_gone);
}

BhSurface *
bh_surface_get (struct wl_resource *resource)
{
  return resource ? wl_resource_get_user_data (resource) : NULL;
}

bool
bh_surface_set_role (BhSurface *surface, const BhRole *role, struct wl_resource *resource,
                     uint32_t error)
{
  if (surface->role && surface->role != role)
    {
      wl_resource_post_error (resource, error, "surface has already the role %s",
                              surface->role->name);
      return false;
    }
  surface->role = role;
  return true;
}

BhSurface *
bh_surface_get_root (BhSurface *surface)
{
  while (surface->subsurface)
    {
      if (!surface->subsurface->parent)
        return NULL;
      surface = surface->subsurface->parent;
    }
  return surface;
}

BhWindow *
bh_surface_get_window (BhSurface *surface)
{
  BhSurface *root = bh_surface_get_root (surface);

  return root ? bh_window_of_surface (root) : NULL;
}

bool
bh_surface_accepts (BhSurface *surface, double x, double y)
{
  if (x < 0 || y < 0 || x >= surface->width || y >= surface->height)
    return false;
  return pixman_region32_contains_point (&surface->current.input, (int) x, (int) y, NULL);
}
