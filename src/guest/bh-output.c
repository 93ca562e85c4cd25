/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_output and xdg-output: the one output programs see. It has no make, model or real name: those would
 * tell which computer this is. */
#include "bh-output.h"

#include "bh-messages.h"
#include "xdg-output-unstable-v1-server.h"

#define NAME "bulkhead-0"
#define DESCRIPTION "Bulkhead"

static void
unlink_resource (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

static void
send_state (BhServer *server, struct wl_resource *resource)
{
  int version = wl_resource_get_version (resource);

  /* A size at about 96 dpi, in millimetres. */
  wl_output_send_geometry (resource, 0, 0, server->output_width * 254 / 960,
                           server->output_height * 254 / 960, WL_OUTPUT_SUBPIXEL_UNKNOWN, "", "",
                           WL_OUTPUT_TRANSFORM_NORMAL);
  wl_output_send_mode (resource, WL_OUTPUT_MODE_CURRENT | WL_OUTPUT_MODE_PREFERRED,
                       server->output_width, server->output_height, server->output_refresh);
  if (version >= WL_OUTPUT_SCALE_SINCE_VERSION)
    wl_output_send_scale (resource, (server->output_scale_120 + 119) / 120);
}

static void
send_done (struct wl_resource *resource)
{
  if (wl_resource_get_version (resource) >= WL_OUTPUT_DONE_SINCE_VERSION)
    wl_output_send_done (resource);
}

static void
send_xdg_state (BhServer *server, struct wl_resource *resource)
{
  zxdg_output_v1_send_logical_position (resource, 0, 0);
  zxdg_output_v1_send_logical_size (resource, server->output_width * 120 / server->output_scale_120,
                                    server->output_height * 120 / server->output_scale_120);
}

static const struct wl_output_interface output_interface = { .release =
                                                                 bh_server_destroy_resource };

static void
bind_output (struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
  BhServer *server = data;
  BhSurface *surface;
  struct wl_resource *resource =
      wl_resource_create (client, &wl_output_interface, (int) version, id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &output_interface, server, unlink_resource);
  wl_list_insert (&server->outputs, wl_resource_get_link (resource));
  send_state (server, resource);
  if (version >= WL_OUTPUT_NAME_SINCE_VERSION)
    {
      wl_output_send_name (resource, NAME);
      wl_output_send_description (resource, DESCRIPTION);
    }
  send_done (resource);
  wl_list_for_each (surface, &server->surfaces, link)
  {
    if (surface->entered && wl_resource_get_client (surface->resource) == client)
      wl_surface_send_enter (surface->resource, resource);
  }
}

static const struct zxdg_output_v1_interface xdg_output_interface = {
  .destroy = bh_server_destroy_resource
};

static void
manager_get_xdg_output (struct wl_client *client, struct wl_resource *manager, uint32_t id,
                        struct wl_resource *output)
{
  BhServer *server = wl_resource_get_user_data (manager);
  int version = wl_resource_get_version (manager);
  struct wl_resource *resource =
      wl_resource_create (client, &zxdg_output_v1_interface, version, id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &xdg_output_interface, server, unlink_resource);
  wl_list_insert (&server->xdg_outputs, wl_resource_get_link (resource));
  send_xdg_state (server, resource);
  if (version >= ZXDG_OUTPUT_V1_NAME_SINCE_VERSION)
    {
      zxdg_output_v1_send_name (resource, NAME);
      zxdg_output_v1_send_description (resource, DESCRIPTION);
    }
  if (version < 3)
    zxdg_output_v1_send_done (resource);
  else
    send_done (output);
}

static const struct zxdg_output_manager_v1_interface manager_interface = {
  .destroy = bh_server_destroy_resource,
  .get_xdg_output = manager_get_xdg_output,
};

BH_BIND (bind_manager, zxdg_output_manager_v1_interface, manager_interface)

void
bh_output_init (BhServer *server)
{
  server->output_width = 1280;
  server->output_height = 800;
  server->output_scale_120 = 120;
  server->output_refresh = 60000;
  wl_list_init (&server->outputs);
  wl_list_init (&server->xdg_outputs);
  wl_global_create (server->display, &wl_output_interface, 4, server, bind_output);
  wl_global_create (server->display, &zxdg_output_manager_v1_interface, 3, server, bind_manager);
}

void
bh_output_changed (BhServer *server, const bh_msg_output *output)
{
  struct wl_resource *resource;

  server->output_width = (int32_t) output->width;
  server->output_height = (int32_t) output->height;
  server->output_scale_120 = (int32_t) output->scale_120;
  server->output_refresh = (int32_t) output->refresh_mhz;
  wl_resource_for_each (resource, &server->outputs) send_state (server, resource);
  wl_resource_for_each (resource, &server->xdg_outputs)
  {
    send_xdg_state (server, resource);
    if (wl_resource_get_version (resource) < 3)
      zxdg_output_v1_send_done (resource);
  }
  wl_resource_for_each (resource, &server->outputs) send_done (resource);
}

void
bh_output_enter (BhSurface *surface)
{
  struct wl_client *client = wl_resource_get_client (surface->resource);
  struct wl_resource *resource;

  if (surface->entered)
    return;
  surface->entered = true;
  wl_resource_for_each (resource, &surface->server->outputs)
  {
    if (wl_resource_get_client (resource) == client)
      wl_surface_send_enter (surface->resource, resource);
  }
}
