/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cursors: a program's cursor surface becomes a cursor_image, a named one a cursor_shape. */
#include "bh-cursor.h"

#include <glib.h>
#include <pixman.h>

#ifdef BH_HAVE_CURSOR_SHAPE
#include "cursor-shape-v1-server.h"
#endif

static void cursor_committed (BhSurface *surface);

const BhRole bh_cursor_role = { .name = "cursor", .committed = cursor_committed };

/* Draw @surface, scaled to @width × @height, with its alpha. */
static bool
draw (BhSurface *surface, uint32_t *pixels, int32_t width, int32_t height)
{
  BhBuffer *buffer = surface->current.buffer;
  const BhSurfaceState *state = &surface->current;
  pixman_image_t *image, *target;
  struct pixman_f_transform f;
  pixman_transform_t t;
  BhBufferAccess access;
  double x = 0, y = 0, w = buffer->width, h = buffer->height;

  if (state->src_width > 0)
    {
      x = wl_fixed_to_double (state->src_x) * state->scale;
      y = wl_fixed_to_double (state->src_y) * state->scale;
      w = wl_fixed_to_double (state->src_width) * state->scale;
      h = wl_fixed_to_double (state->src_height) * state->scale;
    }
  if (!bh_buffer_begin (buffer, &access))
    return false;
  image = pixman_image_create_bits_no_clear (buffer->opaque ? PIXMAN_x8r8g8b8 : PIXMAN_a8r8g8b8,
                                             buffer->width, buffer->height,
                                             (uint32_t *) access.data, access.stride);
  target = pixman_image_create_bits (PIXMAN_a8r8g8b8, width, height, pixels, width * 4);
  if (image && target)
    {
      if (w != width || h != height || x != 0 || y != 0)
        {
          pixman_f_transform_init_scale (&f, w / width, h / height);
          f.m[0][2] = x;
          f.m[1][2] = y;
          pixman_transform_from_pixman_f_transform (&t, &f);
          pixman_image_set_transform (image, &t);
          pixman_image_set_filter (image, PIXMAN_FILTER_BILINEAR, NULL, 0);
        }
      pixman_image_composite32 (PIXMAN_OP_SRC, image, NULL, target, 0, 0, 0, 0, 0, 0, width,
                                height);
    }
  if (image)
    pixman_image_unref (image);
  if (target)
    pixman_image_unref (target);
  bh_buffer_end (&access);
  return true;
}

static void
hide (BhSeat *seat)
{
  bh_msg_cursor_hide message = { .serial = seat->pointer.enter_serial };

  if (message.serial != 0)
    bh_link_send (seat->server->link, BH_MSG_CURSOR_HIDE, &message);
}

static void
update (BhSeat *seat)
{
  static uint32_t pixels[BH_MAX_CURSOR * BH_MAX_CURSOR];
  BhSurface *surface = seat->cursor.surface;
  int32_t scale, width, height;
  bh_msg_cursor_image image = { .serial = seat->pointer.enter_serial };
  double shrink = 1;

  if (!seat->pointer.surface || image.serial == 0 || bh_link_is_congested (seat->server->link))
    return;
  if (!surface || !surface->current.buffer || surface->width <= 0)
    {
      hide (seat);
      return;
    }
  scale = CLAMP (surface->current.scale, 1, 4);
  while (scale > 1 && MAX (surface->width, surface->height) * scale > BH_MAX_CURSOR)
    scale--;
  if (MAX (surface->width, surface->height) > BH_MAX_CURSOR)
    shrink = (double) BH_MAX_CURSOR / MAX (surface->width, surface->height);
  width = MAX (1, (int32_t) (surface->width * shrink));
  height = MAX (1, (int32_t) (surface->height * shrink));
  image.hotspot_x = CLAMP ((int32_t) (seat->cursor.hotspot_x * shrink), 0, width - 1);
  image.hotspot_y = CLAMP ((int32_t) (seat->cursor.hotspot_y * shrink), 0, height - 1);
  width *= scale;
  height *= scale;
  if (!draw (surface, pixels, width, height))
    return;
  image.width = (uint32_t) width;
  image.height = (uint32_t) height;
  image.scale = (uint32_t) scale;
  image.pixels.data = (const uint8_t *) pixels;
  image.pixels.len = (uint32_t) (width * height * 4);
  bh_link_send (seat->server->link, BH_MSG_CURSOR_IMAGE, &image);
}

static void
cursor_committed (BhSurface *surface)
{
  BhSeat *seat = surface->server->seat;

  if (seat->cursor.surface == surface)
    {
      seat->cursor.hotspot_x -= surface->current.dx;
      seat->cursor.hotspot_y -= surface->current.dy;
      update (seat);
    }
  bh_surface_release (surface);
  bh_server_tick (surface->server);
}

static bool
has_pointer (BhSeat *seat, struct wl_client *client)
{
  return seat->pointer.surface
         && wl_resource_get_client (seat->pointer.surface->resource) == client;
}

void
bh_cursor_set (BhSeat *seat, struct wl_client *client, BhSurface *surface, int32_t hotspot_x,
               int32_t hotspot_y)
{
  if (!has_pointer (seat, client))
    return;
  /* Toolkits set the same cursor with every motion. */
  if (surface && surface == seat->cursor.surface && hotspot_x == seat->cursor.hotspot_x
      && hotspot_y == seat->cursor.hotspot_y)
    return;
  seat->cursor.surface = surface;
  seat->cursor.hotspot_x = CLAMP (hotspot_x, -BH_COORD, BH_COORD);
  seat->cursor.hotspot_y = CLAMP (hotspot_y, -BH_COORD, BH_COORD);
  update (seat);
}

#ifdef BH_HAVE_CURSOR_SHAPE
static void
shape_set_shape (struct wl_client *client, struct wl_resource *resource, uint32_t serial,
                 uint32_t shape)
{
  BhSeat *seat = wl_resource_get_user_data (resource);
  bh_msg_cursor_shape message = { .shape = shape };

  if (shape < WP_CURSOR_SHAPE_DEVICE_V1_SHAPE_DEFAULT
      || shape > WP_CURSOR_SHAPE_DEVICE_V1_SHAPE_ZOOM_OUT)
    {
      wl_resource_post_error (resource, WP_CURSOR_SHAPE_DEVICE_V1_ERROR_INVALID_SHAPE, "shape %u",
                              shape);
      return;
    }
  if (!seat || !has_pointer (seat, client) || seat->pointer.enter_serial == 0)
    return;
  seat->cursor.surface = NULL;
  message.serial = seat->pointer.enter_serial;
  bh_link_send (seat->server->link, BH_MSG_CURSOR_SHAPE, &message);
}

static const struct wp_cursor_shape_device_v1_interface shape_implementation = {
  .destroy = bh_server_destroy_resource,
  .set_shape = shape_set_shape,
};

static void
make_device (struct wl_client *client, struct wl_resource *manager, uint32_t id, BhSeat *seat)
{
  struct wl_resource *resource = wl_resource_create (client, &wp_cursor_shape_device_v1_interface,
                                                     wl_resource_get_version (manager), id);

  if (resource)
    wl_resource_set_implementation (resource, &shape_implementation, seat, NULL);
  else
    wl_client_post_no_memory (client);
}

static void
manager_get_pointer (struct wl_client *client, struct wl_resource *manager, uint32_t id,
                     struct wl_resource *pointer)
{
  make_device (client, manager, id, wl_resource_get_user_data (manager));
}

static void
manager_get_tablet_tool_v2 (struct wl_client *client, struct wl_resource *manager, uint32_t id,
                            struct wl_resource *tool)
{
  make_device (client, manager, id, NULL);
}

static const struct wp_cursor_shape_manager_v1_interface manager_implementation = {
  .destroy = bh_server_destroy_resource,
  .get_pointer = manager_get_pointer,
  .get_tablet_tool_v2 = manager_get_tablet_tool_v2,
};

BH_BIND (bind_manager, wp_cursor_shape_manager_v1_interface, manager_implementation)

void
bh_cursor_shape_init (BhSeat *seat)
{
  wl_global_create (seat->server->display, &wp_cursor_shape_manager_v1_interface, 1, seat,
                    bind_manager);
}
#else
void
bh_cursor_shape_init (BhSeat *seat)
{
}
#endif
