/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_region: a set of rectangles an application puts together. */
#include "bh-region.h"

#include <glib.h>

#include "bh-server.h"

/* An application that makes regions of more pieces than this is only wasting memory. */
#define MAX_RECTS 4096

static void
region_add (struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y,
            int32_t width, int32_t height)
{
  pixman_region32_t *region = wl_resource_get_user_data (resource);

  if (width <= 0 || height <= 0)
    return;
  if (pixman_region32_n_rects (region) > MAX_RECTS)
    {
      wl_resource_post_no_memory (resource);
      return;
    }
  pixman_region32_union_rect (region, region, x, y, (unsigned) width, (unsigned) height);
}

static void
region_subtract (struct wl_client *client, struct wl_resource *resource, int32_t x, int32_t y,
                 int32_t width, int32_t height)
{
  pixman_region32_t *region = wl_resource_get_user_data (resource);
  pixman_region32_t part;

  if (width <= 0 || height <= 0)
    return;
  if (pixman_region32_n_rects (region) > MAX_RECTS)
    {
      wl_resource_post_no_memory (resource);
      return;
    }
  pixman_region32_init_rect (&part, x, y, (unsigned) width, (unsigned) height);
  pixman_region32_subtract (region, region, &part);
  pixman_region32_fini (&part);
}

static const struct wl_region_interface region_interface = {
  .destroy = bh_server_destroy_resource,
  .add = region_add,
  .subtract = region_subtract,
};

static void
region_gone (struct wl_resource *resource)
{
  pixman_region32_t *region = wl_resource_get_user_data (resource);

  pixman_region32_fini (region);
  g_free (region);
}

void
bh_region_create (struct wl_client *client, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &wl_region_interface, (int) version, id);
  pixman_region32_t *region;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  region = g_new0 (pixman_region32_t, 1);
  pixman_region32_init (region);
  wl_resource_set_implementation (resource, &region_interface, region, region_gone);
}

pixman_region32_t *
bh_region_get (struct wl_resource *resource)
{
  return wl_resource_get_user_data (resource);
}
