/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * xdg-decoration and xdg-activation. The host frames every window, so programs that ask are told to draw
 * no title bar. Activation stays inside the guest: tokens are made and taken, and mean nothing outside. */
#include <glib.h>

#include "bh-xdg-shell.h"
#include "xdg-activation-v1-server.h"
#include "xdg-decoration-unstable-v1-server.h"

void
bh_decoration_send (BhXdgToplevel *toplevel)
{
  if (toplevel->decoration)
    zxdg_toplevel_decoration_v1_send_configure (toplevel->decoration,
                                                ZXDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
}

static void
decoration_answer (struct wl_resource *resource)
{
  BhXdgToplevel *toplevel = wl_resource_get_user_data (resource);

  if (toplevel)
    bh_xdg_toplevel_configure (toplevel);
}

static void
decoration_set_mode (struct wl_client *client, struct wl_resource *resource, uint32_t mode)
{
  decoration_answer (resource);
}

static void
decoration_unset_mode (struct wl_client *client, struct wl_resource *resource)
{
  decoration_answer (resource);
}

static const struct zxdg_toplevel_decoration_v1_interface decoration_implementation = {
  .destroy = bh_server_destroy_resource,
  .set_mode = decoration_set_mode,
  .unset_mode = decoration_unset_mode,
};

static void
decoration_gone (struct wl_resource *resource)
{
  BhXdgToplevel *toplevel = wl_resource_get_user_data (resource);

  if (toplevel)
    toplevel->decoration = NULL;
}

static void
manager_get_toplevel_decoration (struct wl_client *client, struct wl_resource *manager, uint32_t id,
                                 struct wl_resource *toplevel_resource)
{
  BhXdgToplevel *toplevel = wl_resource_get_user_data (toplevel_resource);
  struct wl_resource *resource = wl_resource_create (client, &zxdg_toplevel_decoration_v1_interface,
                                                     wl_resource_get_version (manager), id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  if (toplevel->decoration)
    {
      wl_resource_post_error (resource, ZXDG_TOPLEVEL_DECORATION_V1_ERROR_ALREADY_CONSTRUCTED,
                              "the toplevel has a decoration");
      return;
    }
  toplevel->decoration = resource;
  wl_resource_set_implementation (resource, &decoration_implementation, toplevel, decoration_gone);
  bh_xdg_toplevel_configure (toplevel);
}

static const struct zxdg_decoration_manager_v1_interface decoration_manager = {
  .destroy = bh_server_destroy_resource,
  .get_toplevel_decoration = manager_get_toplevel_decoration,
};

static void
token_set_serial (struct wl_client *client, struct wl_resource *resource, uint32_t serial,
                  struct wl_resource *seat)
{
}

static void
token_set_app_id (struct wl_client *client, struct wl_resource *resource, const char *app_id)
{
}

static void
token_set_surface (struct wl_client *client, struct wl_resource *resource,
                   struct wl_resource *surface)
{
}

static void
token_commit (struct wl_client *client, struct wl_resource *resource)
{
  char token[33];

  if (wl_resource_get_user_data (resource))
    {
      wl_resource_post_error (resource, XDG_ACTIVATION_TOKEN_V1_ERROR_ALREADY_USED, "used before");
      return;
    }
  wl_resource_set_user_data (resource, resource);
  g_snprintf (token, sizeof token, "bulkhead-%08x%08x", g_random_int (), g_random_int ());
  xdg_activation_token_v1_send_done (resource, token);
}

static const struct xdg_activation_token_v1_interface token_implementation = {
  .set_serial = token_set_serial,
  .set_app_id = token_set_app_id,
  .set_surface = token_set_surface,
  .commit = token_commit,
  .destroy = bh_server_destroy_resource,
};

static void
activation_get_activation_token (struct wl_client *client, struct wl_resource *manager, uint32_t id)
{
  struct wl_resource *resource = wl_resource_create (client, &xdg_activation_token_v1_interface,
                                                     wl_resource_get_version (manager), id);

  if (resource)
    wl_resource_set_implementation (resource, &token_implementation, NULL, NULL);
  else
    wl_client_post_no_memory (client);
}

static void
activation_activate (struct wl_client *client, struct wl_resource *resource, const char *token,
                     struct wl_resource *surface)
{
  /* Focus is the host's to give. */
}

static const struct xdg_activation_v1_interface activation_implementation = {
  .destroy = bh_server_destroy_resource,
  .get_activation_token = activation_get_activation_token,
  .activate = activation_activate,
};

BH_BIND (bind_decoration, zxdg_decoration_manager_v1_interface, decoration_manager)
BH_BIND (bind_activation, xdg_activation_v1_interface, activation_implementation)

void
bh_xdg_extras_init (BhServer *server)
{
  wl_global_create (server->display, &zxdg_decoration_manager_v1_interface, 1, server,
                    bind_decoration);
  wl_global_create (server->display, &xdg_activation_v1_interface, 1, server, bind_activation);
}
