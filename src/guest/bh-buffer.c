/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pictures applications hand over: wl_shm buffers and single-pixel buffers. */
#include "bh-buffer.h"

#include <glib.h>
#include <string.h>

#include "bh-server.h"
#include "single-pixel-buffer-v1-server.h"

static const struct wl_buffer_interface single_pixel_interface = {
  .destroy = bh_server_destroy_resource,
};

static bool
is_single_pixel (struct wl_resource *resource)
{
  return wl_resource_instance_of (resource, &wl_buffer_interface, &single_pixel_interface);
}

static void
take_pixels (BhBuffer *buffer)
{
  BhBufferAccess access;
  size_t row = (size_t) buffer->width * 4;

  if (buffer->own || !bh_buffer_begin (buffer, &access))
    return;
  buffer->own = g_try_malloc (row * (size_t) buffer->height);
  for (int32_t y = 0; buffer->own && y < buffer->height; y++)
    memcpy ((uint8_t *) buffer->own + row * (size_t) y,
            access.data + (size_t) access.stride * (size_t) y, row);
  bh_buffer_end (&access);
}

/* The wl_buffer goes. Its memory is still there during this signal. */
static void
buffer_destroyed (struct wl_listener *listener, void *data)
{
  BhBuffer *buffer = wl_container_of (listener, buffer, destroyed);

  take_pixels (buffer);
  wl_list_remove (&buffer->destroyed.link);
  buffer->resource = NULL;
}

BhBuffer *
bh_buffer_get (struct wl_resource *resource)
{
  struct wl_listener *listener = wl_resource_get_destroy_listener (resource, buffer_destroyed);
  struct wl_shm_buffer *shm = wl_shm_buffer_get (resource);
  BhBuffer *buffer;

  if (listener)
    return bh_buffer_ref (wl_container_of (listener, buffer, destroyed));
  if (!shm && !is_single_pixel (resource))
    return NULL;
  /* libwayland lets a stride through that is shorter than a row: its last row would end outside. */
  if (shm && wl_shm_buffer_get_stride (shm) / 4 < wl_shm_buffer_get_width (shm))
    return NULL;
  buffer = g_new0 (BhBuffer, 1);
  buffer->resource = resource;
  buffer->refs = 1;
  if (shm)
    {
      buffer->width = wl_shm_buffer_get_width (shm);
      buffer->height = wl_shm_buffer_get_height (shm);
      buffer->opaque = wl_shm_buffer_get_format (shm) == WL_SHM_FORMAT_XRGB8888;
    }
  else
    {
      buffer->width = buffer->height = 1;
      buffer->own = g_memdup2 (wl_resource_get_user_data (resource), 4);
      buffer->opaque = *buffer->own >> 24 == 0xff;
    }
  buffer->destroyed.notify = buffer_destroyed;
  wl_resource_add_destroy_listener (resource, &buffer->destroyed);
  return buffer;
}

BhBuffer *
bh_buffer_ref (BhBuffer *buffer)
{
  buffer->refs++;
  return buffer;
}

void
bh_buffer_unref (BhBuffer *buffer)
{
  if (!buffer || --buffer->refs > 0)
    return;
  if (buffer->resource)
    wl_list_remove (&buffer->destroyed.link);
  g_free (buffer->own);
  g_free (buffer);
}

void
bh_buffer_lock (BhBuffer *buffer)
{
  buffer->locks++;
}

void
bh_buffer_unlock (BhBuffer *buffer)
{
  if (--buffer->locks == 0 && buffer->resource)
    wl_buffer_send_release (buffer->resource);
}

bool
bh_buffer_begin (BhBuffer *buffer, BhBufferAccess *access)
{
  *access = (BhBufferAccess){ 0 };
  if (buffer->own)
    {
      access->data = (const uint8_t *) buffer->own;
      access->stride = buffer->width * 4;
      return true;
    }
  access->shm = buffer->resource ? wl_shm_buffer_get (buffer->resource) : NULL;
  if (!access->shm)
    return false;
  wl_shm_buffer_begin_access (access->shm);
  access->data = wl_shm_buffer_get_data (access->shm);
  access->stride = wl_shm_buffer_get_stride (access->shm);
  return true;
}

void
bh_buffer_end (BhBufferAccess *access)
{
  if (access->shm)
    wl_shm_buffer_end_access (access->shm);
}

static void
single_pixel_gone (struct wl_resource *resource)
{
  g_free (wl_resource_get_user_data (resource));
}

static void
manager_create_u32_rgba_buffer (struct wl_client *client, struct wl_resource *manager, uint32_t id,
                                uint32_t r, uint32_t g, uint32_t b, uint32_t a)
{
  struct wl_resource *resource = wl_resource_create (client, &wl_buffer_interface, 1, id);
  uint32_t *pixel;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  pixel = g_new (uint32_t, 1);
  *pixel = (a & 0xff000000) | (r >> 24) << 16 | (g >> 24) << 8 | b >> 24;
  wl_resource_set_implementation (resource, &single_pixel_interface, pixel, single_pixel_gone);
}

static const struct wp_single_pixel_buffer_manager_v1_interface manager_interface = {
  .destroy = bh_server_destroy_resource,
  .create_u32_rgba_buffer = manager_create_u32_rgba_buffer,
};

static void
bind_manager (struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &wp_single_pixel_buffer_manager_v1_interface, (int) version, id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &manager_interface, NULL, NULL);
}

void
bh_single_pixel_init (struct wl_display *display)
{
  wl_global_create (display, &wp_single_pixel_buffer_manager_v1_interface, 1, NULL, bind_manager);
}
