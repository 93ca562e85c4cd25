/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parts of the told program (client.c) share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <wayland-client.h>

#include "viewporter-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#define MAX_IDS 16

struct thing
{
  struct wl_surface *surface;
  struct xdg_surface *xdg;
  struct xdg_toplevel *toplevel;
  struct xdg_popup *popup;
  struct wl_subsurface *sub;
  struct wp_viewport *viewport;
  struct wl_buffer *buffer;
  uint32_t *pixels;
  int width, height, pending_width, pending_height;
  unsigned states;
  bool opaque;
};

extern struct wl_display *display;
extern struct wl_compositor *compositor;
extern struct wl_subcompositor *subcompositor;
extern struct wl_shm *shm;
extern struct xdg_wm_base *shell;
extern struct wp_viewporter *viewporter;
extern struct wl_seat *seat;
extern struct wl_pointer *pointer;
extern struct wl_data_device_manager *data_manager;
extern struct wl_data_device *data_device;
extern struct wl_data_offer *offer;
extern char *copied;
extern struct thing things[MAX_IDS];
extern uint32_t enter_serial, last_serial;
extern struct wl_surface *cursor_surface;

/* client-events.c: what is printed. */
extern const struct wl_registry_listener registry_listener;
extern const struct xdg_surface_listener xdg_listener;
extern const struct xdg_toplevel_listener toplevel_listener;
extern const struct xdg_popup_listener popup_listener;
extern const struct wl_data_device_listener device_listener;
extern const struct wl_data_source_listener source_listener;
