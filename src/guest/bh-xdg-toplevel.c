/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * xdg_toplevel: ordinary windows. */
#include <glib.h>

#include "bh-seat.h"
#include "bh-xdg-shell.h"
#include "xdg-shell-server.h"

static void toplevel_committed (BhSurface *surface);
static void toplevel_surface_gone (BhSurface *surface);

const BhRole bh_xdg_toplevel_role = {
  .name = "xdg_toplevel",
  .check = bh_xdg_surface_check,
  .committed = toplevel_committed,
  .gone = toplevel_surface_gone,
};

static bool
announce (BhWindow *window)
{
  BhXdgSurface *xdg = window->owner;
  BhServer *server = window->server;
  bh_msg_window_new new = { .window = window->id };
  pid_t pid;

  wl_client_get_credentials (wl_resource_get_client (xdg->resource), &pid, NULL, NULL);
  new.launch = server->funcs->launch_of (server->data, pid);
  return bh_link_send (server->link, BH_MSG_WINDOW_NEW, &new);
}

static void
send_request (BhWindow *window, uint32_t request)
{
  bh_msg_window_request message = { .window = window->id, .request = request };

  bh_link_send (window->server->link, BH_MSG_WINDOW_REQUEST, &message);
}

static void
send_text (BhWindow *window, BhXdgToplevel *toplevel)
{
  BhLink *link = window->server->link;
  char text[1025];

  if (window->dirty & BH_WINDOW_DIRTY_TITLE)
    {
      bh_msg_window_title title = { .window = window->id };

      title.title.len =
          (uint32_t) bh_wire_text_clean (toplevel->title ? toplevel->title : "", text, 1025);
      title.title.data = text;
      bh_link_send (link, BH_MSG_WINDOW_TITLE, &title);
    }
  if (window->dirty & BH_WINDOW_DIRTY_APP)
    {
      bh_msg_window_app app = { .window = window->id };

      app.app.len = (uint32_t) bh_wire_text_clean (toplevel->app ? toplevel->app : "", text, 256);
      app.app.data = text;
      bh_link_send (link, BH_MSG_WINDOW_APP, &app);
    }
}

static void
send_dirty (BhWindow *window)
{
  BhXdgSurface *xdg = window->owner;
  BhXdgToplevel *toplevel = xdg->toplevel;
  BhLink *link = window->server->link;

  if (!toplevel)
    return;
  send_text (window, toplevel);
  if (window->dirty & BH_WINDOW_DIRTY_LIMITS)
    {
      bh_msg_window_limits limits = {
        .window = window->id,
        .min_width = (uint32_t) toplevel->min_width,
        .min_height = (uint32_t) toplevel->min_height,
        .max_width = (uint32_t) toplevel->max_width,
        .max_height = (uint32_t) toplevel->max_height,
      };
      bh_link_send (link, BH_MSG_WINDOW_LIMITS, &limits);
    }
  if (window->dirty & BH_WINDOW_DIRTY_PARENT)
    {
      BhWindow *parent = bh_window_find (window->server, toplevel->parent);
      bh_msg_window_parent message = {
        .window = window->id,
        .parent = parent && parent->announced ? parent->id : 0,
      };
      bh_link_send (link, BH_MSG_WINDOW_PARENT, &message);
    }
  for (uint32_t request = BH_WINDOW_MAXIMIZE; request <= BH_WINDOW_MINIMIZE; request++)
    if (toplevel->wants & (1u << request))
      send_request (window, request);
  toplevel->wants = 0;
}

static void
send_states (BhXdgToplevel *toplevel, const bh_msg_window_configure *configure)
{
  static const struct
  {
    uint32_t bit, state, since;
  } table[] = {
    { BH_STATE_MAXIMIZED, XDG_TOPLEVEL_STATE_MAXIMIZED, 1 },
    { BH_STATE_FULLSCREEN, XDG_TOPLEVEL_STATE_FULLSCREEN, 1 },
    { BH_STATE_RESIZING, XDG_TOPLEVEL_STATE_RESIZING, 1 },
    { BH_STATE_ACTIVATED, XDG_TOPLEVEL_STATE_ACTIVATED, 1 },
    { BH_STATE_TILED_LEFT, XDG_TOPLEVEL_STATE_TILED_LEFT, 2 },
    { BH_STATE_TILED_RIGHT, XDG_TOPLEVEL_STATE_TILED_RIGHT, 2 },
    { BH_STATE_TILED_TOP, XDG_TOPLEVEL_STATE_TILED_TOP, 2 },
    { BH_STATE_TILED_BOTTOM, XDG_TOPLEVEL_STATE_TILED_BOTTOM, 2 },
  };
  uint32_t version = (uint32_t) wl_resource_get_version (toplevel->resource);
  struct wl_array states;

  wl_array_init (&states);
  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++)
    if ((configure->states & table[i].bit) && version >= table[i].since)
      {
        uint32_t *state = wl_array_add (&states, sizeof *state);

        if (state)
          *state = table[i].state;
      }
  xdg_toplevel_send_configure (toplevel->resource, (int32_t) configure->width,
                               (int32_t) configure->height, &states);
  wl_array_release (&states);
}

static void
send_capabilities (BhXdgToplevel *toplevel)
{
  static const uint32_t all[] = { XDG_TOPLEVEL_WM_CAPABILITIES_WINDOW_MENU,
                                  XDG_TOPLEVEL_WM_CAPABILITIES_MAXIMIZE,
                                  XDG_TOPLEVEL_WM_CAPABILITIES_FULLSCREEN,
                                  XDG_TOPLEVEL_WM_CAPABILITIES_MINIMIZE };
  struct wl_array list = { .size = sizeof all, .data = (void *) all };

  if (!toplevel->told_capabilities
      && wl_resource_get_version (toplevel->resource) >= XDG_TOPLEVEL_WM_CAPABILITIES_SINCE_VERSION)
    xdg_toplevel_send_wm_capabilities (toplevel->resource, &list);
  toplevel->told_capabilities = true;
}

static void
configure (BhXdgToplevel *toplevel, uint32_t wire_serial)
{
  const bh_msg_window_configure *last = &toplevel->last;

  send_capabilities (toplevel);
  if (last->bounds_width && last->bounds_height
      && wl_resource_get_version (toplevel->resource)
             >= XDG_TOPLEVEL_CONFIGURE_BOUNDS_SINCE_VERSION)
    xdg_toplevel_send_configure_bounds (toplevel->resource, (int32_t) last->bounds_width,
                                        (int32_t) last->bounds_height);
  bh_decoration_send (toplevel);
  send_states (toplevel, last);
  bh_xdg_surface_configure (toplevel->xdg, wire_serial);
}

/* Once more what the host said last, because something of our own has changed. */
void
bh_xdg_toplevel_configure (BhXdgToplevel *toplevel)
{
  if (toplevel->has_last)
    configure (toplevel, 0);
}

static void
window_message (BhWindow *window, const BhMessage *message)
{
  BhXdgSurface *xdg = window->owner;

  if (!xdg->toplevel)
    return;
  if (message->type == BH_MSG_WINDOW_CONFIGURE)
    {
      xdg->toplevel->last = message->window_configure;
      xdg->toplevel->has_last = true;
      configure (xdg->toplevel, message->window_configure.serial);
    }
  else if (message->type == BH_MSG_WINDOW_CLOSE)
    xdg_toplevel_send_close (xdg->toplevel->resource);
}

static const BhWindowFuncs window_funcs = {
  .announce = announce,
  .send_dirty = send_dirty,
  .message = window_message,
};

static void
toplevel_committed (BhSurface *surface)
{
  BhXdgSurface *xdg = surface->role_object;
  BhXdgToplevel *toplevel = xdg ? xdg->toplevel : NULL;

  if (!toplevel)
    return;
  if ((toplevel->pending_max_width && toplevel->pending_max_width < toplevel->pending_min_width)
      || (toplevel->pending_max_height
          && toplevel->pending_max_height < toplevel->pending_min_height))
    {
      wl_resource_post_error (toplevel->resource, XDG_TOPLEVEL_ERROR_INVALID_SIZE,
                              "maximum size below minimum size");
      return;
    }
  if (toplevel->min_width != toplevel->pending_min_width
      || toplevel->min_height != toplevel->pending_min_height
      || toplevel->max_width != toplevel->pending_max_width
      || toplevel->max_height != toplevel->pending_max_height)
    {
      toplevel->min_width = toplevel->pending_min_width;
      toplevel->min_height = toplevel->pending_min_height;
      toplevel->max_width = toplevel->pending_max_width;
      toplevel->max_height = toplevel->pending_max_height;
      if (xdg->window)
        bh_window_set_dirty (xdg->window, BH_WINDOW_DIRTY_LIMITS);
    }
  bh_xdg_surface_committed (xdg, &window_funcs, false);
  if (!xdg->window)
    toplevel->has_last = false;
}

static void
toplevel_surface_gone (BhSurface *surface)
{
  BhXdgSurface *xdg = surface->role_object;

  if (xdg)
    bh_xdg_surface_unmap (xdg);
}

static BhXdgToplevel *
get (struct wl_resource *resource)
{
  return wl_resource_get_user_data (resource);
}

static void
set_dirty (BhXdgToplevel *toplevel, unsigned what)
{
  if (toplevel->xdg && toplevel->xdg->window)
    bh_window_set_dirty (toplevel->xdg->window, what);
}

static BhXdgToplevel *
parent_of (BhXdgToplevel *toplevel)
{
  BhWindow *window =
      toplevel->xdg ? bh_window_find (toplevel->xdg->server, toplevel->parent) : NULL;
  BhXdgSurface *xdg = window && !window->popup ? window->owner : NULL;

  return xdg ? xdg->toplevel : NULL;
}

static void
toplevel_set_parent (struct wl_client *client, struct wl_resource *resource,
                     struct wl_resource *parent_resource)
{
  BhXdgToplevel *toplevel = get (resource);
  BhXdgToplevel *parent = parent_resource ? get (parent_resource) : NULL;

  for (BhXdgToplevel *p = parent; p; p = parent_of (p))
    if (p == toplevel)
      {
        wl_resource_post_error (resource, XDG_TOPLEVEL_ERROR_INVALID_PARENT,
                                "a window cannot be its own ancestor");
        return;
      }
  toplevel->parent = parent && parent->xdg && parent->xdg->window ? parent->xdg->window->id : 0;
  set_dirty (toplevel, BH_WINDOW_DIRTY_PARENT);
}

static void
set_string (char **where, const char *text)
{
  g_free (*where);
  *where = g_strndup (text, 4096);
}

static void
toplevel_set_title (struct wl_client *client, struct wl_resource *resource, const char *title)
{
  set_string (&get (resource)->title, title);
  set_dirty (get (resource), BH_WINDOW_DIRTY_TITLE);
}

static void
toplevel_set_app_id (struct wl_client *client, struct wl_resource *resource, const char *app)
{
  set_string (&get (resource)->app, app);
  set_dirty (get (resource), BH_WINDOW_DIRTY_APP);
}

static void
toplevel_show_window_menu (struct wl_client *client, struct wl_resource *resource,
                           struct wl_resource *seat, uint32_t serial, int32_t x, int32_t y)
{
  BhXdgToplevel *toplevel = get (resource);
  BhWindow *window = toplevel->xdg ? toplevel->xdg->window : NULL;

  if (window && window->announced && serial != 0)
    {
      bh_msg_window_menu menu = { .window = window->id,
                                  .serial = serial,
                                  .x = CLAMP (x, -BH_COORD, BH_COORD),
                                  .y = CLAMP (y, -BH_COORD, BH_COORD) };

      bh_link_send (window->server->link, BH_MSG_WINDOW_MENU, &menu);
    }
}

static void
drag (BhXdgToplevel *toplevel, uint32_t edges, uint32_t serial)
{
  BhWindow *window = toplevel->xdg ? toplevel->xdg->window : NULL;

  if (window && window->announced && serial != 0)
    {
      bh_msg_window_drag message = { .window = window->id, .edges = edges, .serial = serial };

      bh_link_send (window->server->link, BH_MSG_WINDOW_DRAG, &message);
    }
}

static void
toplevel_move (struct wl_client *client, struct wl_resource *resource, struct wl_resource *seat,
               uint32_t serial)
{
  drag (get (resource), 0, serial);
}

static void
toplevel_resize (struct wl_client *client, struct wl_resource *resource, struct wl_resource *seat,
                 uint32_t serial, uint32_t edges)
{
  if (edges > 10 || (edges & 3) == 3 || (edges & 12) == 12)
    {
      wl_resource_post_error (resource, XDG_TOPLEVEL_ERROR_INVALID_RESIZE_EDGE, "edges %u", edges);
      return;
    }
  if (edges != 0)
    drag (get (resource), edges, serial);
}

static void
set_limit (struct wl_resource *resource, int32_t width, int32_t height, int32_t *to_width,
           int32_t *to_height)
{
  if (width < 0 || height < 0)
    {
      wl_resource_post_error (resource, XDG_TOPLEVEL_ERROR_INVALID_SIZE, "negative size");
      return;
    }
  *to_width = MIN (width, BH_MAX_SIDE);
  *to_height = MIN (height, BH_MAX_SIDE);
}

static void
toplevel_set_max_size (struct wl_client *client, struct wl_resource *resource, int32_t width,
                       int32_t height)
{
  set_limit (resource, width, height, &get (resource)->pending_max_width,
             &get (resource)->pending_max_height);
}

static void
toplevel_set_min_size (struct wl_client *client, struct wl_resource *resource, int32_t width,
                       int32_t height)
{
  set_limit (resource, width, height, &get (resource)->pending_min_width,
             &get (resource)->pending_min_height);
}

static void
want (struct wl_resource *resource, uint32_t request, uint32_t opposite)
{
  BhXdgToplevel *toplevel = get (resource);

  toplevel->wants = (toplevel->wants & ~(1u << opposite)) | 1u << request;
  set_dirty (toplevel, BH_WINDOW_DIRTY_WANTS);
}

static void
toplevel_set_maximized (struct wl_client *client, struct wl_resource *resource)
{
  want (resource, BH_WINDOW_MAXIMIZE, BH_WINDOW_UNMAXIMIZE);
}

static void
toplevel_unset_maximized (struct wl_client *client, struct wl_resource *resource)
{
  want (resource, BH_WINDOW_UNMAXIMIZE, BH_WINDOW_MAXIMIZE);
}

static void
toplevel_set_fullscreen (struct wl_client *client, struct wl_resource *resource,
                         struct wl_resource *output)
{
  want (resource, BH_WINDOW_FULLSCREEN, BH_WINDOW_UNFULLSCREEN);
}

static void
toplevel_unset_fullscreen (struct wl_client *client, struct wl_resource *resource)
{
  want (resource, BH_WINDOW_UNFULLSCREEN, BH_WINDOW_FULLSCREEN);
}

static void
toplevel_set_minimized (struct wl_client *client, struct wl_resource *resource)
{
  want (resource, BH_WINDOW_MINIMIZE, 0);
}

static const struct xdg_toplevel_interface toplevel_implementation = {
  .destroy = bh_server_destroy_resource,
  .set_parent = toplevel_set_parent,
  .set_title = toplevel_set_title,
  .set_app_id = toplevel_set_app_id,
  .show_window_menu = toplevel_show_window_menu,
  .move = toplevel_move,
  .resize = toplevel_resize,
  .set_max_size = toplevel_set_max_size,
  .set_min_size = toplevel_set_min_size,
  .set_maximized = toplevel_set_maximized,
  .unset_maximized = toplevel_unset_maximized,
  .set_fullscreen = toplevel_set_fullscreen,
  .unset_fullscreen = toplevel_unset_fullscreen,
  .set_minimized = toplevel_set_minimized,
};

static void
toplevel_gone (struct wl_resource *resource)
{
  BhXdgToplevel *toplevel = get (resource);

  if (toplevel->xdg)
    {
      bh_xdg_surface_reset (toplevel->xdg);
      toplevel->xdg->toplevel = NULL;
    }
  if (toplevel->decoration)
    wl_resource_set_user_data (toplevel->decoration, NULL);
  g_free (toplevel->title);
  g_free (toplevel->app);
  g_free (toplevel);
}

void
bh_xdg_toplevel_create (BhXdgSurface *xdg, struct wl_client *client, uint32_t id)
{
  BhXdgToplevel *toplevel = g_new0 (BhXdgToplevel, 1);

  toplevel->resource = wl_resource_create (client, &xdg_toplevel_interface,
                                           wl_resource_get_version (xdg->resource), id);
  if (!toplevel->resource)
    {
      g_free (toplevel);
      wl_client_post_no_memory (client);
      return;
    }
  toplevel->xdg = xdg;
  xdg->toplevel = toplevel;
  wl_resource_set_implementation (toplevel->resource, &toplevel_implementation, toplevel,
                                  toplevel_gone);
}

BhXdgToplevel *
bh_xdg_toplevel_of (BhSurface *surface)
{
  BhXdgSurface *xdg = surface->role == &bh_xdg_toplevel_role ? surface->role_object : NULL;

  return xdg ? xdg->toplevel : NULL;
}

void
bh_xdg_toplevel_forget_parent (BhWindow *window)
{
  BhWindow *other;

  wl_list_for_each (other, &window->server->windows, link)
  {
    BhXdgSurface *xdg = other->popup ? NULL : other->owner;

    if (xdg && xdg->toplevel && xdg->toplevel->parent == window->id)
      {
        xdg->toplevel->parent = 0;
        bh_window_set_dirty (other, BH_WINDOW_DIRTY_PARENT);
      }
  }
}
