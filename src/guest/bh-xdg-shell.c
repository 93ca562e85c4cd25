/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * xdg_wm_base and xdg_surface, and what toplevels and popups share. */
#include "bh-xdg-shell.h"

#include <glib.h>

#include "xdg-shell-server.h"

/* Configures an application may leave unanswered; then the oldest are forgotten. */
#define MAX_CONFIGURES 256

typedef struct
{
  struct wl_list link;
  uint32_t serial, wire;
} Configure;

typedef struct
{
  BhServer *server;
  struct wl_list surfaces; /* BhXdgSurface.link */
} Shell;

static void
drop_configures (BhXdgSurface *xdg)
{
  Configure *configure, *next;

  wl_list_for_each_safe (configure, next, &xdg->configures, link)
  {
    wl_list_remove (&configure->link);
    g_free (configure);
  }
  xdg->n_configures = 0;
}

void
bh_xdg_surface_configure (BhXdgSurface *xdg, uint32_t wire_serial)
{
  Configure *configure;

  if (xdg->n_configures >= MAX_CONFIGURES)
    {
      configure = wl_container_of (xdg->configures.next, configure, link);
      wl_list_remove (&configure->link);
      g_free (configure);
      xdg->n_configures--;
    }
  configure = g_new0 (Configure, 1);
  configure->serial = wl_display_next_serial (xdg->server->display);
  configure->wire = wire_serial;
  wl_list_insert (xdg->configures.prev, &configure->link);
  xdg->n_configures++;
  xdg_surface_send_configure (xdg->resource, configure->serial);
}

void
bh_xdg_surface_dismiss_popups (BhXdgSurface *xdg)
{
  BhXdgPopup *popup, *next;

  wl_list_for_each_safe (popup, next, &xdg->popups, sibling) bh_xdg_popup_dismiss (popup);
}

void
bh_xdg_surface_unmap (BhXdgSurface *xdg)
{
  bh_xdg_surface_dismiss_popups (xdg);
  if (xdg->window)
    bh_xdg_toplevel_forget_parent (xdg->window);
  g_clear_pointer (&xdg->window, bh_window_free);
  drop_configures (xdg);
  xdg->mapped = xdg->acked = false;
  xdg->answered = 0;
}

void
bh_xdg_surface_reset (BhXdgSurface *xdg)
{
  BhXdgPopup *popup, *next;

  bh_xdg_surface_unmap (xdg);
  wl_list_for_each_safe (popup, next, &xdg->popups, sibling)
  {
    wl_list_remove (&popup->sibling);
    wl_list_init (&popup->sibling);
    popup->parent = NULL;
  }
  if (xdg->surface)
    xdg->surface->role_object = NULL;
}

bool
bh_xdg_surface_check (BhSurface *surface)
{
  BhXdgSurface *xdg = surface->role_object;

  /* An acknowledgement is not insisted on: wlroots' nested backend (cage) draws after one round trip,
   * whether or not the configure has come, and ours has the host to ask first. Nothing is shown before. */
  if (xdg && surface->pending.buffer && !xdg->acked && !xdg->window)
    {
      wl_resource_post_error (xdg->resource, XDG_SURFACE_ERROR_UNCONFIGURED_BUFFER,
                              "a buffer before the first commit without one");
      return false;
    }
  return true;
}

void
bh_xdg_surface_committed (BhXdgSurface *xdg, const BhWindowFuncs *funcs, bool popup)
{
  BhSurface *surface = xdg->surface;

  if (!surface->current.buffer)
    {
      if (xdg->mapped)
        {
          bh_xdg_surface_unmap (xdg);
          return;
        }
      if (!xdg->window)
        {
          xdg->window = bh_window_new (xdg->server, surface, funcs, xdg, popup);
          if (xdg->window)
            bh_window_announce (xdg->window);
        }
    }
  if (!xdg->window)
    return;
  if (xdg->geometry_pending)
    bh_window_set_geometry (xdg->window, &xdg->geometry);
  bh_window_answered (xdg->window, xdg->answered);
  xdg->answered = 0;
  if (surface->current.buffer)
    xdg->mapped = true;
  bh_window_tree_committed (xdg->window);
}

static void
surface_destroy (struct wl_client *client, struct wl_resource *resource)
{
  BhXdgSurface *xdg = wl_resource_get_user_data (resource);

  if (xdg->toplevel || xdg->popup)
    {
      wl_resource_post_error (resource, XDG_SURFACE_ERROR_DEFUNCT_ROLE_OBJECT,
                              "xdg_surface destroyed before its role object");
      return;
    }
  wl_resource_destroy (resource);
}

static bool
can_take_role (BhXdgSurface *xdg, const BhRole *role)
{
  if (xdg->toplevel || xdg->popup)
    {
      wl_resource_post_error (xdg->resource, XDG_SURFACE_ERROR_ALREADY_CONSTRUCTED,
                              "the xdg_surface has a role object");
      return false;
    }
  if (!xdg->surface)
    {
      wl_resource_post_error (xdg->resource, XDG_SURFACE_ERROR_NOT_CONSTRUCTED,
                              "the wl_surface is gone");
      return false;
    }
  if (!bh_surface_set_role (xdg->surface, role, xdg->shell ? xdg->shell : xdg->resource,
                            XDG_WM_BASE_ERROR_ROLE))
    return false;
  xdg->surface->role_object = xdg;
  return true;
}

static void
surface_get_toplevel (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  BhXdgSurface *xdg = wl_resource_get_user_data (resource);

  if (can_take_role (xdg, &bh_xdg_toplevel_role))
    bh_xdg_toplevel_create (xdg, client, id);
}

static void
surface_get_popup (struct wl_client *client, struct wl_resource *resource, uint32_t id,
                   struct wl_resource *parent, struct wl_resource *positioner)
{
  BhXdgSurface *xdg = wl_resource_get_user_data (resource);
  BhXdgSurface *parent_xdg = parent ? wl_resource_get_user_data (parent) : NULL;

  if (!parent_xdg || parent_xdg == xdg || (!parent_xdg->toplevel && !parent_xdg->popup))
    {
      wl_resource_post_error (xdg->shell ? xdg->shell : resource,
                              XDG_WM_BASE_ERROR_INVALID_POPUP_PARENT,
                              "a popup needs a parent with a role");
      return;
    }
  if (can_take_role (xdg, &bh_xdg_popup_role))
    bh_xdg_popup_create (xdg, client, id, parent_xdg, positioner);
}

static void
surface_set_window_geometry (struct wl_client *client, struct wl_resource *resource, int32_t x,
                             int32_t y, int32_t width, int32_t height)
{
  BhXdgSurface *xdg = wl_resource_get_user_data (resource);

  if (!xdg->toplevel && !xdg->popup)
    {
      wl_resource_post_error (resource, XDG_SURFACE_ERROR_NOT_CONSTRUCTED, "no role object yet");
      return;
    }
  if (width <= 0 || height <= 0)
    {
      wl_resource_post_error (resource, XDG_SURFACE_ERROR_INVALID_SIZE, "window geometry of %dx%d",
                              width, height);
      return;
    }
  xdg->geometry_pending = true;
  xdg->geometry = (BhRect){ CLAMP (x, -BH_COORD, BH_COORD), CLAMP (y, -BH_COORD, BH_COORD),
                            MIN (width, BH_COORD), MIN (height, BH_COORD) };
}

static void
surface_ack_configure (struct wl_client *client, struct wl_resource *resource, uint32_t serial)
{
  BhXdgSurface *xdg = wl_resource_get_user_data (resource);
  Configure *configure, *next;
  bool found = false;

  if (!xdg->toplevel && !xdg->popup)
    {
      wl_resource_post_error (resource, XDG_SURFACE_ERROR_NOT_CONSTRUCTED, "no role object yet");
      return;
    }
  wl_list_for_each (configure, &xdg->configures, link) found = found || configure->serial == serial;
  if (!found)
    {
      wl_resource_post_error (resource, XDG_SURFACE_ERROR_INVALID_SERIAL,
                              "no configure with serial %u", serial);
      return;
    }
  wl_list_for_each_safe (configure, next, &xdg->configures, link)
  {
    bool last = configure->serial == serial;

    if (configure->wire)
      xdg->answered = configure->wire;
    wl_list_remove (&configure->link);
    g_free (configure);
    xdg->n_configures--;
    if (last)
      break;
  }
  xdg->acked = true;
}

static const struct xdg_surface_interface xdg_surface_implementation = {
  .destroy = surface_destroy,
  .get_toplevel = surface_get_toplevel,
  .get_popup = surface_get_popup,
  .set_window_geometry = surface_set_window_geometry,
  .ack_configure = surface_ack_configure,
};

/* Its wl_surface goes first: allowed when the application goes as a whole. */
static void
watch_surface (struct wl_listener *listener, void *data)
{
  BhXdgSurface *xdg = wl_container_of (listener, xdg, surface_gone);

  wl_list_remove (&xdg->surface_gone.link);
  wl_list_init (&xdg->surface_gone.link);
  bh_xdg_surface_reset (xdg);
  xdg->surface = NULL;
}

static void
surface_gone (struct wl_resource *resource)
{
  BhXdgSurface *xdg = wl_resource_get_user_data (resource);

  /* When the whole application goes, the role objects may be left behind. */
  bh_xdg_surface_reset (xdg);
  if (xdg->toplevel)
    xdg->toplevel->xdg = NULL;
  if (xdg->popup)
    {
      wl_list_remove (&xdg->popup->sibling);
      wl_list_init (&xdg->popup->sibling);
      xdg->popup->xdg = xdg->popup->parent = NULL;
    }
  wl_list_remove (&xdg->surface_gone.link);
  wl_list_remove (&xdg->link);
  g_free (xdg);
}

static void
shell_get_xdg_surface (struct wl_client *client, struct wl_resource *resource, uint32_t id,
                       struct wl_resource *surface_resource)
{
  Shell *shell = wl_resource_get_user_data (resource);
  BhSurface *surface = bh_surface_get (surface_resource);
  struct wl_resource *created;
  BhXdgSurface *xdg;

  if (surface->role_object
      || (surface->role && surface->role != &bh_xdg_toplevel_role
          && surface->role != &bh_xdg_popup_role))
    {
      wl_resource_post_error (resource, XDG_WM_BASE_ERROR_ROLE, "the surface has another role");
      return;
    }
  if (surface->current.buffer || surface->pending.buffer)
    {
      wl_resource_post_error (resource, XDG_WM_BASE_ERROR_INVALID_SURFACE_STATE,
                              "the surface has a buffer");
      return;
    }
  created =
      wl_resource_create (client, &xdg_surface_interface, wl_resource_get_version (resource), id);
  if (!created)
    {
      wl_client_post_no_memory (client);
      return;
    }
  xdg = g_new0 (BhXdgSurface, 1);
  xdg->server = shell->server;
  xdg->resource = created;
  xdg->shell = resource;
  xdg->surface = surface;
  wl_list_init (&xdg->configures);
  wl_list_init (&xdg->popups);
  wl_list_insert (&shell->surfaces, &xdg->link);
  xdg->surface_gone.notify = watch_surface;
  wl_resource_add_destroy_listener (surface_resource, &xdg->surface_gone);
  wl_resource_set_implementation (created, &xdg_surface_implementation, xdg, surface_gone);
}

static void
shell_destroy (struct wl_client *client, struct wl_resource *resource)
{
  Shell *shell = wl_resource_get_user_data (resource);

  if (!wl_list_empty (&shell->surfaces))
    {
      wl_resource_post_error (resource, XDG_WM_BASE_ERROR_DEFUNCT_SURFACES,
                              "xdg_wm_base destroyed before its surfaces");
      return;
    }
  wl_resource_destroy (resource);
}

static void
shell_create_positioner (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  bh_positioner_create (client, (uint32_t) wl_resource_get_version (resource), id);
}

static void
shell_pong (struct wl_client *client, struct wl_resource *resource, uint32_t serial)
{
}

static const struct xdg_wm_base_interface shell_implementation = {
  .destroy = shell_destroy,
  .create_positioner = shell_create_positioner,
  .get_xdg_surface = shell_get_xdg_surface,
  .pong = shell_pong,
};

static void
shell_gone (struct wl_resource *resource)
{
  Shell *shell = wl_resource_get_user_data (resource);
  BhXdgSurface *xdg, *next;

  wl_list_for_each_safe (xdg, next, &shell->surfaces, link)
  {
    xdg->shell = NULL;
    wl_list_remove (&xdg->link);
    wl_list_init (&xdg->link);
  }
  g_free (shell);
}

static void
bind_shell (struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &xdg_wm_base_interface, (int) version, id);
  Shell *shell;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  shell = g_new0 (Shell, 1);
  shell->server = data;
  wl_list_init (&shell->surfaces);
  wl_resource_set_implementation (resource, &shell_implementation, shell, shell_gone);
}

void
bh_xdg_shell_init (BhServer *server)
{
  wl_global_create (server->display, &xdg_wm_base_interface, 5, server, bind_shell);
}
