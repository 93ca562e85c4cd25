/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * xdg_wm_base and xdg_surface, and what toplevels and popups share. */
#pragma once

#include "bh-window.h"

typedef struct _BhXdgSurface BhXdgSurface;
typedef struct _BhXdgToplevel BhXdgToplevel;
typedef struct _BhXdgPopup BhXdgPopup;

typedef struct
{
  int32_t width, height;
  BhRect anchor_rect;
  uint32_t anchor, gravity, constraint;
  int32_t offset_x, offset_y;
  bool reactive;
} BhPositioner;

struct _BhXdgSurface
{
  BhServer *server;
  struct wl_resource *resource, *shell;
  struct wl_list link; /* of its xdg_wm_base */
  BhSurface *surface;  /* NULL when the application destroyed it first */
  BhWindow *window;    /* while it is mapped or waits for its first buffer */
  bool mapped, acked;
  struct wl_list configures;
  unsigned n_configures;
  uint32_t answered; /* the host's serial the next commit answers */
  bool geometry_pending;
  BhRect geometry;
  struct wl_list popups; /* BhXdgPopup.sibling */
  BhXdgToplevel *toplevel;
  BhXdgPopup *popup;
  struct wl_listener surface_gone;
};

struct _BhXdgToplevel
{
  struct wl_resource *resource, *decoration;
  BhXdgSurface *xdg;
  char *title, *app;
  uint32_t parent; /* a window's id; 0: none */
  int32_t min_width, min_height, max_width, max_height;
  int32_t pending_min_width, pending_min_height, pending_max_width, pending_max_height;
  unsigned wants; /* bits of BH_WINDOW_…, asked before the host knew the window */
  bool has_last, told_capabilities;
  bh_msg_window_configure last;
};

struct _BhXdgPopup
{
  struct wl_resource *resource;
  struct wl_list sibling;
  BhXdgSurface *xdg, *parent;
  BhPositioner positioner;
  uint32_t grab;
  bool grabbed, dismissed;
  uint32_t token, client_token; /* of the reposition under way; 0: none */
};

extern const BhRole bh_xdg_toplevel_role, bh_xdg_popup_role;

void bh_xdg_shell_init (BhServer *server);
/* Send xdg_surface.configure; the application's answer stands for the host's @wire_serial. */
void bh_xdg_surface_configure (BhXdgSurface *xdg, uint32_t wire_serial);
/* Back to the state before the first commit; its popups go first. */
void bh_xdg_surface_unmap (BhXdgSurface *xdg);
/* The surface's role object goes. */
void bh_xdg_surface_reset (BhXdgSurface *xdg);
void bh_xdg_surface_dismiss_popups (BhXdgSurface *xdg);
/* What both roles do with a commit; creates the window with @funcs at the first. */
void bh_xdg_surface_committed (BhXdgSurface *xdg, const BhWindowFuncs *funcs, bool popup);
bool bh_xdg_surface_check (BhSurface *surface);

void bh_xdg_toplevel_create (BhXdgSurface *xdg, struct wl_client *client, uint32_t id);
void bh_xdg_toplevel_configure (BhXdgToplevel *toplevel);
/* The xdg_toplevel of a wl_surface, or NULL. */
BhXdgToplevel *bh_xdg_toplevel_of (BhSurface *surface);
/* Toplevels whose parent is @window have none. */
void bh_xdg_toplevel_forget_parent (BhWindow *window);

void bh_positioner_create (struct wl_client *client, uint32_t version, uint32_t id);
void bh_xdg_popup_create (BhXdgSurface *xdg, struct wl_client *client, uint32_t id,
                          BhXdgSurface *parent, struct wl_resource *positioner);
void bh_xdg_popup_dismiss (BhXdgPopup *popup);

/* xdg-decoration and xdg-activation (bh-xdg-extras.c). */
void bh_xdg_extras_init (BhServer *server);
void bh_decoration_send (BhXdgToplevel *toplevel);
