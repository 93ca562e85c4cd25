/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A window as the host knows it. */
#include "bh-window.h"

#include <glib.h>

#include "bh-output.h"
#include "bh-seat.h"
#include "bh-viewporter.h"

#define MAX_WINDOWS 512

BhWindow *
bh_window_new (BhServer *server, BhSurface *surface, const BhWindowFuncs *funcs, void *owner,
               bool popup)
{
  BhWindow *window;

  if (wl_list_length (&server->windows) >= MAX_WINDOWS || bh_link_is_congested (server->link))
    {
      wl_resource_post_no_memory (surface->resource);
      return NULL;
    }
  window = g_new0 (BhWindow, 1);
  window->server = server;
  window->surface = surface;
  window->funcs = funcs;
  window->owner = owner;
  window->popup = popup;
  do
    window->id = ++server->last_window;
  while (window->id == 0 || bh_window_find (server, window->id));
  window->scale_120 = (uint32_t) server->output_scale_120;
  bh_scene_init (&window->scene);
  bh_picture_init (&window->picture);
  wl_list_init (&window->in_flight);
  wl_list_insert (server->windows.prev, &window->link);
  return window;
}

void
bh_window_free (BhWindow *window)
{
  BhServer *server = window->server;
  bh_msg_window_gone gone = { .window = window->id };

  if (window->announced)
    bh_link_send (server->link, BH_MSG_WINDOW_GONE, &gone);
  bh_seat_window_gone (server->seat, window);
  wl_list_insert_list (&window->surface->current.frames, &window->in_flight);
  bh_picture_clear (&window->picture);
  bh_scene_clear (&window->scene);
  wl_list_remove (&window->link);
  g_free (window);
}

BhWindow *
bh_window_find (BhServer *server, uint32_t id)
{
  BhWindow *window;

  wl_list_for_each (window, &server->windows, link)
  {
    if (window->id == id)
      return window;
  }
  return NULL;
}

BhWindow *
bh_window_of_surface (BhSurface *surface)
{
  BhWindow *window;

  wl_list_for_each (window, &surface->server->windows, link)
  {
    if (window->surface == surface)
      return window;
  }
  return NULL;
}

void
bh_window_announce (BhWindow *window)
{
  if (window->announced || !bh_link_is_connected (window->server->link))
    return;
  window->announced = window->funcs->announce (window);
  if (window->announced)
    {
      window->dirty = ~0u;
      bh_window_schedule (window);
    }
}

void
bh_window_disconnected (BhWindow *window)
{
  window->announced = window->configured = false;
  window->anew = true;
  window->serial = 0;
  window->serial_due = false;
  window->awaiting_done = false;
  bh_picture_forget (window);
  /* What waited for this host's answers waits for the next one's. */
  wl_list_insert_list (&window->surface->current.frames, &window->in_flight);
  wl_list_init (&window->in_flight);
  window->scene_valid = false;
}

void
bh_window_update (BhWindow *window)
{
  window->scheduled = false;
  window->held = window->announced && bh_link_is_congested (window->server->link);
  if (!window->announced || window->held)
    return;
  if (window->dirty)
    {
      window->funcs->send_dirty (window);
      window->dirty = 0;
    }
  bh_picture_update (window);
}

void
bh_window_schedule (BhWindow *window)
{
  window->scheduled = true;
  window->server->pending = true;
}

void
bh_window_set_geometry (BhWindow *window, const BhRect *geometry)
{
  if (window->has_geometry && memcmp (&window->geometry, geometry, sizeof *geometry) == 0)
    return;
  window->has_geometry = true;
  window->geometry = *geometry;
  bh_window_damage_all (window);
}

void
bh_window_set_dirty (BhWindow *window, unsigned what)
{
  window->dirty |= what;
  bh_window_schedule (window);
}

void
bh_window_damage (BhWindow *window, BhSurface *surface, const pixman_region32_t *damage,
                  const pixman_region32_t *buffer_damage)
{
  /* Without a valid scene everything will be drawn anyway. */
  if (window->scene_valid)
    bh_scene_map_damage (&window->scene, surface, damage, buffer_damage, &window->picture.damage);
}

void
bh_window_damage_all (BhWindow *window)
{
  window->scene_valid = false;
  bh_window_schedule (window);
}

void
bh_window_tree_committed (BhWindow *window)
{
  bh_window_schedule (window);
}

void
bh_window_answered (BhWindow *window, uint32_t serial)
{
  if (serial == 0)
    return;
  window->serial = serial;
  window->serial_due = true;
  bh_window_schedule (window);
}

uint32_t
bh_window_get_scale (const BhWindow *window)
{
  return window->scale_120;
}

/* xdg-shell.xml, xdg_surface.set_window_geometry: without one the bounds of the tree; never more. */
static BhRect
effective_box (BhWindow *window)
{
  BhRect bounds = bh_scene_bounds (&window->scene), box = window->geometry;

  if (window->has_geometry)
    {
      int32_t x1 = MAX (box.x, bounds.x), x2 = MIN (box.x + box.width, bounds.x + bounds.width);
      int32_t y1 = MAX (box.y, bounds.y), y2 = MIN (box.y + box.height, bounds.y + bounds.height);

      if (x1 < x2 && y1 < y2)
        bounds = (BhRect){ x1, y1, x2 - x1, y2 - y1 };
    }
  bounds.width = MIN (bounds.width, BH_MAX_SIDE);
  bounds.height = MIN (bounds.height, BH_MAX_SIDE);
  return bounds;
}

BhRect
bh_window_get_box (BhWindow *window)
{
  BhScene *scene = &window->scene;
  BhLayer *layer;

  if (window->scene_valid)
    return scene->box;
  bh_scene_collect (scene, window->surface);
  scene->box = effective_box (window);
  if (scene->box.width > 0 && scene->box.height > 0)
    bh_scene_measure (scene, window->scale_120);
  else
    scene->layers.size = 0;
  window->scene_valid = true;
  pixman_region32_fini (&window->picture.damage);
  pixman_region32_init_rect (&window->picture.damage, 0, 0, (unsigned) MAX (scene->width, 0),
                             (unsigned) MAX (scene->height, 0));
  wl_array_for_each (layer, &scene->layers) bh_output_enter (layer->surface);
  return scene->box;
}

bool
bh_window_is_quiet (const BhWindow *window)
{
  return window->announced && window->configured && window->scene_valid && !window->awaiting_done
         && !window->scheduled && !window->picture.sending
         && !pixman_region32_not_empty ((pixman_region32_t *) &window->picture.damage);
}

static void
set_scale (BhWindow *window, uint32_t scale_120)
{
  const BhLayer *layer;

  if (window->scale_120 == scale_120)
    return;
  window->scale_120 = scale_120;
  bh_window_get_box (window);
  bh_fractional_scale_send (window->surface, scale_120);
  wl_array_for_each (layer, &window->scene.layers)
  {
    if (layer->surface != window->surface)
      bh_fractional_scale_send (layer->surface, scale_120);
  }
  bh_window_damage_all (window);
}

void
bh_window_message (BhWindow *window, const BhMessage *message)
{
  switch (message->type)
    {
    case BH_MSG_WINDOW_SCALE:
      set_scale (window, message->window_scale.scale_120);
      break;
    case BH_MSG_WINDOW_REFUSED:
      g_warning ("The host does not show window %u: ending its program's connection", window->id);
      wl_client_destroy (wl_resource_get_client (window->surface->resource));
      break;
    case BH_MSG_SLOTS:
      bh_picture_slots (window, &message->slots);
      break;
    case BH_MSG_SLOT_FREE:
      bh_picture_slot_free (window, &message->slot_free);
      break;
    case BH_MSG_FRAME_DONE:
      window->awaiting_done = false;
      bh_surface_fire (&window->in_flight, message->frame_done.time);
      bh_window_schedule (window);
      break;
    case BH_MSG_WINDOW_CONFIGURE:
    case BH_MSG_POPUP_CONFIGURE:
      window->configured = true;
      if (window->anew)
        {
          /* What is shown to a new host is what the last one showed. */
          window->anew = false;
          bh_window_answered (window, message->type == BH_MSG_WINDOW_CONFIGURE
                                          ? message->window_configure.serial
                                          : message->popup_configure.serial);
        }
      else if (message->type == BH_MSG_POPUP_CONFIGURE && message->popup_configure.token)
        {
          /* The host may have made it anew to move it, and then has nothing to show there. */
          bh_window_answered (window, message->popup_configure.serial);
          bh_window_damage_all (window);
        }
      bh_window_schedule (window);
      window->funcs->message (window, message);
      break;
    default:
      window->funcs->message (window, message);
      break;
    }
}
