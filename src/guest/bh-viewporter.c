/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wp_viewporter and wp_fractional_scale: pictures that are cropped and scaled by the server. */
#include "bh-viewporter.h"

#include <glib.h>

#include "bh-window.h"
#include "fractional-scale-v1-server.h"
#include "viewporter-server.h"

bool
bh_viewport_check (BhSurface *surface, const BhSurfaceState *state, int32_t width, int32_t height)
{
  wl_fixed_t right = state->src_x + state->src_width, bottom = state->src_y + state->src_height;

  if (state->src_width < 0)
    return true;
  if (state->dst_width < 0 && (state->src_width % 256 || state->src_height % 256))
    {
      wl_resource_post_error (surface->viewport ? surface->viewport : surface->resource,
                              WP_VIEWPORT_ERROR_BAD_SIZE,
                              "a source of no whole size needs a destination");
      return false;
    }
  if (right > wl_fixed_from_int (width) || bottom > wl_fixed_from_int (height))
    {
      wl_resource_post_error (surface->viewport ? surface->viewport : surface->resource,
                              WP_VIEWPORT_ERROR_OUT_OF_BUFFER, "the source is outside the buffer");
      return false;
    }
  return true;
}

static void
viewport_set_source (struct wl_client *client, struct wl_resource *resource, wl_fixed_t x,
                     wl_fixed_t y, wl_fixed_t width, wl_fixed_t height)
{
  BhSurface *surface = wl_resource_get_user_data (resource);
  const wl_fixed_t unset = wl_fixed_from_int (-1), far = wl_fixed_from_int (1 << 20);
  BhSurfaceState *pending;

  if (!surface)
    {
      wl_resource_post_error (resource, WP_VIEWPORT_ERROR_NO_SURFACE, "the surface is gone");
      return;
    }
  pending = &surface->pending;
  if (x == unset && y == unset && width == unset && height == unset)
    {
      x = y = 0;
      width = height = -1;
    }
  else if (x < 0 || y < 0 || width <= 0 || height <= 0 || x > far || y > far || width > far
           || height > far)
    {
      wl_resource_post_error (resource, WP_VIEWPORT_ERROR_BAD_VALUE, "bad source");
      return;
    }
  if (pending->src_x == x && pending->src_y == y && pending->src_width == width
      && pending->src_height == height)
    return;
  pending->src_x = x;
  pending->src_y = y;
  pending->src_width = width;
  pending->src_height = height;
  pending->set |= BH_SURFACE_VIEWPORT;
}

static void
viewport_set_destination (struct wl_client *client, struct wl_resource *resource, int32_t width,
                          int32_t height)
{
  BhSurface *surface = wl_resource_get_user_data (resource);
  BhSurfaceState *pending;

  if (!surface)
    {
      wl_resource_post_error (resource, WP_VIEWPORT_ERROR_NO_SURFACE, "the surface is gone");
      return;
    }
  pending = &surface->pending;
  if (!(width == -1 && height == -1) && (width <= 0 || height <= 0))
    {
      wl_resource_post_error (resource, WP_VIEWPORT_ERROR_BAD_VALUE, "bad destination");
      return;
    }
  width = MIN (width, BH_COORD);
  height = MIN (height, BH_COORD);
  if (pending->dst_width == width && pending->dst_height == height)
    return;
  pending->dst_width = width;
  pending->dst_height = height;
  pending->set |= BH_SURFACE_VIEWPORT;
}

static const struct wp_viewport_interface viewport_interface = {
  .destroy = bh_server_destroy_resource,
  .set_source = viewport_set_source,
  .set_destination = viewport_set_destination,
};

static void
viewport_gone (struct wl_resource *resource)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  if (!surface)
    return;
  surface->viewport = NULL;
  surface->pending.src_x = surface->pending.src_y = 0;
  surface->pending.src_width = surface->pending.src_height = -1;
  surface->pending.dst_width = surface->pending.dst_height = -1;
  surface->pending.set |= BH_SURFACE_VIEWPORT;
}

static void
viewporter_get_viewport (struct wl_client *client, struct wl_resource *resource, uint32_t id,
                         struct wl_resource *surface_resource)
{
  BhSurface *surface = bh_surface_get (surface_resource);

  if (surface->viewport)
    {
      wl_resource_post_error (resource, WP_VIEWPORTER_ERROR_VIEWPORT_EXISTS,
                              "the surface has a viewport");
      return;
    }
  surface->viewport =
      wl_resource_create (client, &wp_viewport_interface, wl_resource_get_version (resource), id);
  if (!surface->viewport)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (surface->viewport, &viewport_interface, surface, viewport_gone);
}

static const struct wp_viewporter_interface viewporter_interface = {
  .destroy = bh_server_destroy_resource,
  .get_viewport = viewporter_get_viewport,
};

static const struct wp_fractional_scale_v1_interface fractional_interface = {
  .destroy = bh_server_destroy_resource,
};

static void
fractional_gone (struct wl_resource *resource)
{
  BhSurface *surface = wl_resource_get_user_data (resource);

  if (surface)
    surface->fractional = NULL;
}

static void
manager_get_fractional_scale (struct wl_client *client, struct wl_resource *resource, uint32_t id,
                              struct wl_resource *surface_resource)
{
  BhSurface *surface = bh_surface_get (surface_resource);
  BhWindow *window = bh_surface_get_window (surface);

  if (surface->fractional)
    {
      wl_resource_post_error (resource,
                              WP_FRACTIONAL_SCALE_MANAGER_V1_ERROR_FRACTIONAL_SCALE_EXISTS,
                              "the surface has a fractional scale");
      return;
    }
  surface->fractional = wl_resource_create (client, &wp_fractional_scale_v1_interface,
                                            wl_resource_get_version (resource), id);
  if (!surface->fractional)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (surface->fractional, &fractional_interface, surface,
                                  fractional_gone);
  bh_fractional_scale_send (surface, window ? bh_window_get_scale (window)
                                            : (uint32_t) surface->server->output_scale_120);
}

static const struct wp_fractional_scale_manager_v1_interface manager_interface = {
  .destroy = bh_server_destroy_resource,
  .get_fractional_scale = manager_get_fractional_scale,
};

void
bh_fractional_scale_send (BhSurface *surface, uint32_t scale_120)
{
  if (surface->fractional)
    wp_fractional_scale_v1_send_preferred_scale (surface->fractional, scale_120);
}

void
bh_viewport_surface_gone (BhSurface *surface)
{
  if (surface->viewport)
    wl_resource_set_user_data (surface->viewport, NULL);
  if (surface->fractional)
    wl_resource_set_user_data (surface->fractional, NULL);
}

BH_BIND (bind_viewporter, wp_viewporter_interface, viewporter_interface)
BH_BIND (bind_fractional, wp_fractional_scale_manager_v1_interface, manager_interface)

void
bh_viewporter_init (BhServer *server)
{
  wl_global_create (server->display, &wp_viewporter_interface, 1, server, bind_viewporter);
  wl_global_create (server->display, &wp_fractional_scale_manager_v1_interface, 1, server,
                    bind_fractional);
}
