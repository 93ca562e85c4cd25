/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Wayland server for the programs in this guest. */
#include "bh-server.h"

#include <glib.h>
#include <time.h>

#include "bh-cursor.h"
#include "bh-data-device.h"
#include "bh-output.h"
#include "bh-region.h"
#include "bh-subsurface.h"
#include "bh-viewporter.h"
#include "bh-xdg-shell.h"

static void
compositor_create_surface (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  bh_surface_create (wl_resource_get_user_data (resource), client,
                     (uint32_t) wl_resource_get_version (resource), id);
}

static void
compositor_create_region (struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
  bh_region_create (client, (uint32_t) wl_resource_get_version (resource), id);
}

static const struct wl_compositor_interface compositor_implementation = {
  .create_surface = compositor_create_surface,
  .create_region = compositor_create_region,
};

BH_BIND (bind_compositor, wl_compositor_interface, compositor_implementation)

uint32_t
bh_server_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint32_t) (now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* Callbacks of surfaces that no frame is under way for: cursors, drag icons, and windows whose program
 * asked for a callback without drawing. Programs whose windows are hidden are not among them. */
static int
tick (void *data)
{
  BhServer *server = data;
  uint32_t time = bh_server_time ();
  BhSurface *surface;

  server->ticking = false;
  wl_list_for_each (surface, &server->surfaces, link)
  {
    BhWindow *window = bh_surface_get_window (surface);
    bool free_running = surface->role == &bh_cursor_role || (server->seat->drag.icon == surface);

    if (window ? bh_window_is_quiet (window) : free_running)
      bh_surface_fire (&surface->current.frames, time);
  }
  return 0;
}

void
bh_server_tick (BhServer *server)
{
  if (server->ticking)
    return;
  server->ticking = true;
  wl_event_source_timer_update (server->tick, MAX (1, 1000000 / server->output_refresh));
}

BhServer *
bh_server_new (struct wl_display *display, BhLink *link, const BhServerFuncs *funcs, void *data)
{
  BhServer *server = g_new0 (BhServer, 1);

  server->display = display;
  server->loop = wl_display_get_event_loop (display);
  server->link = link;
  server->funcs = funcs;
  server->data = data;
  wl_list_init (&server->surfaces);
  wl_list_init (&server->windows);
  server->tick = wl_event_loop_add_timer (server->loop, tick, server);
  wl_display_init_shm (display);
  wl_global_create (display, &wl_compositor_interface, 5, server, bind_compositor);
  bh_subcompositor_init (server);
  bh_output_init (server);
  server->seat = bh_seat_new (server);
  bh_data_device_init (server->seat);
  bh_primary_init (server->seat);
  bh_cursor_shape_init (server->seat);
  bh_xdg_shell_init (server);
  bh_xdg_extras_init (server);
  bh_viewporter_init (server);
  bh_single_pixel_init (display);
  return server;
}

/* After wl_display_destroy_clients. */
void
bh_server_free (BhServer *server)
{
  wl_event_source_remove (server->tick);
  bh_seat_free (server->seat);
  g_free (server);
}

const char *
bh_server_listen (BhServer *server)
{
  return wl_display_add_socket_auto (server->display);
}

/* The window a message is about, from its first field; 0 for those about none. */
static uint32_t
window_of (const BhMessage *message)
{
  switch (message->type)
    {
    case BH_MSG_WINDOW_CONFIGURE:
      return message->window_configure.window;
    case BH_MSG_WINDOW_SCALE:
      return message->window_scale.window;
    case BH_MSG_WINDOW_CLOSE:
      return message->window_close.window;
    case BH_MSG_WINDOW_REFUSED:
      return message->window_refused.window;
    case BH_MSG_POPUP_CONFIGURE:
      return message->popup_configure.window;
    case BH_MSG_POPUP_DONE:
      return message->popup_done.window;
    case BH_MSG_SLOTS:
      return message->slots.window;
    case BH_MSG_SLOT_FREE:
      return message->slot_free.window;
    case BH_MSG_FRAME_DONE:
      return message->frame_done.window;
    default:
      return 0;
    }
}

static void
set_backdrop (BhServer *server, uint32_t rgb)
{
  BhWindow *window;

  if (server->backdrop == rgb)
    return;
  server->backdrop = rgb;
  wl_list_for_each (window, &server->windows, link) bh_window_damage_all (window);
}

void
bh_server_message (BhServer *server, const BhMessage *message)
{
  uint32_t id = window_of (message);

  if (message->type == BH_MSG_OUTPUT)
    bh_output_changed (server, &message->output);
  else if (message->type == BH_MSG_BACKDROP)
    set_backdrop (server, message->backdrop.rgb);
  else if (id != 0)
    {
      /* It may have gone while the message was under way. */
      BhWindow *window = bh_window_find (server, id);

      if (window)
        bh_window_message (window, message);
    }
  else
    bh_seat_message (server->seat, message);
}

void
bh_server_connected (BhServer *server)
{
  BhWindow *window;

  wl_list_for_each (window, &server->windows, link) bh_window_announce (window);
}

void
bh_server_disconnected (BhServer *server)
{
  BhWindow *window, *next;

  server->pending = true; /* programs are told things */
  bh_seat_disconnected (server->seat);
  wl_list_for_each (window, &server->windows, link) bh_window_disconnected (window);
  /* Menus are of the moment; the next host would not know their grab. Each takes its own along. */
  for (bool found = true; found;)
    {
      found = false;
      wl_list_for_each_safe (window, next, &server->windows, link)
      {
        BhXdgSurface *xdg = window->owner;

        if (window->popup && xdg->popup)
          {
            bh_xdg_popup_dismiss (xdg->popup);
            found = true;
            break;
          }
      }
    }
}

void
bh_server_drained (BhServer *server)
{
  BhWindow *window;

  wl_list_for_each (window, &server->windows, link)
  {
    if (window->picture.sending)
      bh_picture_continue (window);
    if (window->held && !bh_link_is_congested (server->link))
      {
        window->held = false;
        bh_window_schedule (window);
      }
  }
}

void
bh_server_update (BhServer *server)
{
  BhWindow *window;

  server->pending = false;
  wl_list_for_each (window, &server->windows, link)
  {
    if (window->scheduled)
      bh_window_update (window);
  }
}

bool
bh_server_has_windows (const BhServer *server)
{
  return !wl_list_empty (&server->windows);
}

void
bh_server_destroy_resource (struct wl_client *client, struct wl_resource *resource)
{
  wl_resource_destroy (resource);
}
