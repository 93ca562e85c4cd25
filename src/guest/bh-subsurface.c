/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_subsurface: place, order and synchronization of a surface in another. */
#include "bh-subsurface.h"

#include <glib.h>

#include "bh-seat.h"
#include "bh-window.h"

#define MAX_CHILDREN 256
#define MAX_DEPTH 32

static bool subsurface_check (BhSurface *surface);
static void subsurface_surface_gone (BhSurface *surface);
static void subsurface_committed (BhSurface *surface);

static const BhRole subsurface_role = {
  .name = "wl_subsurface",
  .check = subsurface_check,
  .committed = subsurface_committed,
  .gone = subsurface_surface_gone,
};

static bool
subsurface_check (BhSurface *surface)
{
  return true;
}

static void
subsurface_committed (BhSurface *surface)
{
  BhWindow *window = bh_surface_get_window (surface);

  if (window)
    bh_window_tree_committed (window);
}

bool
bh_subsurface_is_sync (const BhSubsurface *subsurface)
{
  for (; subsurface; subsurface = subsurface->parent ? subsurface->parent->subsurface : NULL)
    if (subsurface->sync)
      return true;
  return false;
}

void
bh_subsurface_cache (BhSubsurface *subsurface)
{
  BhSurfaceState *pending = &subsurface->surface->pending;

  bh_surface_state_merge (&subsurface->cached, pending);
  subsurface->has_cached = true;
}

static void
apply_order (BhSurface *parent)
{
  BhStackNode *node;

  parent->stack_changed = false;
  wl_list_init (&parent->stack);
  wl_list_for_each (node, &parent->stack_pending, pending_link)
  {
    wl_list_insert (parent->stack.prev, &node->link);
    if (node->surface != parent)
      node->surface->subsurface->placed = true;
  }
}

void
bh_subsurface_parent_applied (BhSurface *parent)
{
  BhStackNode *node;

  if (parent->stack_changed)
    apply_order (parent);
  wl_list_for_each (node, &parent->stack, link)
  {
    BhSubsurface *subsurface = node->surface->subsurface;

    if (node->surface == parent)
      continue;
    if (subsurface->moved)
      {
        BhWindow *window = bh_surface_get_window (parent);

        subsurface->moved = false;
        subsurface->x = subsurface->pending_x;
        subsurface->y = subsurface->pending_y;
        if (window)
          bh_window_damage_all (window);
      }
    if (bh_subsurface_is_sync (subsurface) && subsurface->has_cached)
      {
        subsurface->has_cached = false;
        bh_surface_apply (subsurface->surface, &subsurface->cached);
      }
  }
}

/* Take it out of its parent's stacks. */
static void
unlink_subsurface (BhSubsurface *subsurface)
{
  BhWindow *window;

  if (!subsurface->parent)
    return;
  window = bh_surface_get_window (subsurface->parent);
  if (subsurface->placed)
    wl_list_remove (&subsurface->node.link);
  wl_list_remove (&subsurface->node.pending_link);
  subsurface->placed = false;
  subsurface->parent->n_children--;
  subsurface->parent = NULL;
  if (window)
    {
      bh_window_damage_all (window);
      bh_window_tree_committed (window);
    }
}

void
bh_subsurface_orphan (BhSurface *parent)
{
  BhStackNode *node, *next;

  wl_list_for_each_safe (node, next, &parent->stack_pending, pending_link)
  {
    if (node->surface != parent)
      {
        BhSubsurface *subsurface = node->surface->subsurface;

        if (subsurface->placed)
          wl_list_remove (&node->link);
        wl_list_remove (&node->pending_link);
        subsurface->placed = false;
        subsurface->parent = NULL;
      }
  }
}

static void
free_subsurface (BhSubsurface *subsurface)
{
  unlink_subsurface (subsurface);
  subsurface->surface->subsurface = NULL;
  subsurface->surface->role_object = NULL;
  wl_resource_set_user_data (subsurface->resource, NULL);
  bh_surface_state_clear (&subsurface->cached);
  g_free (subsurface);
}

static void
subsurface_surface_gone (BhSurface *surface)
{
  free_subsurface (surface->subsurface);
}

static void
subsurface_gone (struct wl_resource *resource)
{
  BhSubsurface *subsurface = wl_resource_get_user_data (resource);

  if (subsurface)
    free_subsurface (subsurface);
}

static void
subsurface_set_position (struct wl_client *client, struct wl_resource *resource, int32_t x,
                         int32_t y)
{
  BhSubsurface *subsurface = wl_resource_get_user_data (resource);

  if (!subsurface)
    return;
  x = CLAMP (x, -BH_COORD, BH_COORD);
  y = CLAMP (y, -BH_COORD, BH_COORD);
  subsurface->moved = x != subsurface->x || y != subsurface->y;
  subsurface->pending_x = x;
  subsurface->pending_y = y;
}

static void
place (struct wl_resource *resource, struct wl_resource *other, bool above)
{
  BhSubsurface *subsurface = wl_resource_get_user_data (resource);
  BhSurface *sibling = bh_surface_get (other);
  BhStackNode *node = NULL;

  if (!subsurface)
    return;
  if (sibling == subsurface->parent && sibling)
    node = &sibling->self;
  else if (sibling->subsurface && sibling->subsurface->parent == subsurface->parent
           && sibling->subsurface != subsurface && subsurface->parent)
    node = &sibling->subsurface->node;
  if (!node)
    {
      wl_resource_post_error (resource, WL_SUBSURFACE_ERROR_BAD_SURFACE,
                              "not the parent and not a sibling");
      return;
    }
  wl_list_remove (&subsurface->node.pending_link);
  wl_list_insert (above ? &node->pending_link : node->pending_link.prev,
                  &subsurface->node.pending_link);
  subsurface->parent->stack_changed = true;
}

static void
subsurface_place_above (struct wl_client *client, struct wl_resource *resource,
                        struct wl_resource *sibling)
{
  place (resource, sibling, true);
}

static void
subsurface_place_below (struct wl_client *client, struct wl_resource *resource,
                        struct wl_resource *sibling)
{
  place (resource, sibling, false);
}

static void
subsurface_set_sync (struct wl_client *client, struct wl_resource *resource)
{
  BhSubsurface *subsurface = wl_resource_get_user_data (resource);

  if (subsurface)
    subsurface->sync = true;
}

/* What was cached may now be shown, here and further down. */
static void
flush_cached (BhSubsurface *subsurface)
{
  BhStackNode *node;

  if (bh_subsurface_is_sync (subsurface))
    return;
  if (subsurface->has_cached)
    {
      subsurface->has_cached = false;
      bh_surface_apply (subsurface->surface, &subsurface->cached);
    }
  wl_list_for_each (node, &subsurface->surface->stack, link)
  {
    if (node->surface != subsurface->surface)
      flush_cached (node->surface->subsurface);
  }
}

static void
subsurface_set_desync (struct wl_client *client, struct wl_resource *resource)
{
  BhSubsurface *subsurface = wl_resource_get_user_data (resource);

  if (!subsurface || !subsurface->sync)
    return;
  subsurface->sync = false;
  flush_cached (subsurface);
}

static const struct wl_subsurface_interface subsurface_interface = {
  .destroy = bh_server_destroy_resource,
  .set_position = subsurface_set_position,
  .place_above = subsurface_place_above,
  .place_below = subsurface_place_below,
  .set_sync = subsurface_set_sync,
  .set_desync = subsurface_set_desync,
};

static unsigned
depth_of (BhSurface *surface)
{
  unsigned depth = 0;

  while (surface->subsurface && surface->subsurface->parent)
    {
      surface = surface->subsurface->parent;
      depth++;
    }
  return depth;
}

/* How many levels hang below @surface. */
static unsigned
height_of (BhSurface *surface)
{
  unsigned height = 0;
  BhStackNode *node;

  wl_list_for_each (node, &surface->stack_pending, pending_link)
  {
    if (node->surface != surface)
      height = MAX (height, 1 + height_of (node->surface));
  }
  return height;
}

static void
subcompositor_get_subsurface (struct wl_client *client, struct wl_resource *resource, uint32_t id,
                              struct wl_resource *surface_resource,
                              struct wl_resource *parent_resource)
{
  BhSurface *surface = bh_surface_get (surface_resource),
            *parent = bh_surface_get (parent_resource);
  BhSubsurface *subsurface;

  if (surface == parent || bh_surface_get_root (parent) == surface || surface->role_object)
    {
      wl_resource_post_error (resource, WL_SUBCOMPOSITOR_ERROR_BAD_SURFACE,
                              "surface is its own ancestor or is in use already");
      return;
    }
  if (!bh_surface_set_role (surface, &subsurface_role, resource,
                            WL_SUBCOMPOSITOR_ERROR_BAD_SURFACE))
    return;
  subsurface = g_new0 (BhSubsurface, 1);
  subsurface->resource =
      wl_resource_create (client, &wl_subsurface_interface, wl_resource_get_version (resource), id);
  if (!subsurface->resource || parent->n_children >= MAX_CHILDREN
      || depth_of (parent) + height_of (surface) >= MAX_DEPTH)
    {
      g_free (subsurface);
      wl_client_post_no_memory (client);
      return;
    }
  subsurface->surface = surface;
  subsurface->parent = parent;
  subsurface->sync = true;
  subsurface->node.surface = surface;
  bh_surface_state_init (&subsurface->cached);
  wl_list_init (&subsurface->node.link);
  wl_list_insert (parent->stack_pending.prev, &subsurface->node.pending_link);
  parent->stack_changed = true;
  parent->n_children++;
  surface->subsurface = subsurface;
  surface->role_object = subsurface;
  wl_resource_set_implementation (subsurface->resource, &subsurface_interface, subsurface,
                                  subsurface_gone);
}

void
bh_subsurface_to_local (BhSurface *surface, double *x, double *y)
{
  for (; surface && surface->subsurface; surface = surface->subsurface->parent)
    {
      *x -= surface->subsurface->x;
      *y -= surface->subsurface->y;
    }
}

static const struct wl_subcompositor_interface subcompositor_interface = {
  .destroy = bh_server_destroy_resource,
  .get_subsurface = subcompositor_get_subsurface,
};

BH_BIND (bind_subcompositor, wl_subcompositor_interface, subcompositor_interface)

void
bh_subcompositor_init (BhServer *server)
{
  wl_global_create (server->display, &wl_subcompositor_interface, 1, server, bind_subcompositor);
}
