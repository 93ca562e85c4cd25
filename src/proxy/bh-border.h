/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The trusted frame round a toplevel or popup: four strips in the AppVM's colour, and the caption.
 *
 * Theory of operation: the window's own surface shows the guest's picture and nothing else. Each
 * strip is a synchronized subsurface beside it, so a new size of picture and frame appear in one
 * commit. The picture is cropped to the content rectangle before it is shown, and the strips lie
 * outside that rectangle by construction: no pixel of the guest can reach them. The window geometry
 * is the outside of the frame, so the compositor places and snaps the frame, not the content. */
#pragma once

#include <wayland-client.h>

#include "bh-proxy.h"

#define BH_FRAME_SIDE 4     /* logical pixels */
#define BH_FRAME_CAPTION 28 /* the upper strip of a toplevel */
#define BH_FRAME_POPUP 3
#define BH_FRAME_LEAST                                                                             \
  176 /* outer width of a toplevel, so that the caption always says something */

typedef struct _BhBorder BhBorder;

/* Which surface of a window an event is for; every wl_surface that can get input has one of these
 * as its user data. */
typedef enum
{
  BH_PART_CONTENT,
  BH_PART_TOP,
  BH_PART_LEFT,
  BH_PART_RIGHT,
  BH_PART_BOTTOM,
  BH_N_PARTS
} BhPart;

typedef struct
{
  BhWindow *window;
  BhPart part;
} BhSurfaceTag;

/* What is under a point of the frame. */
typedef enum
{
  BH_AREA_NONE,
  BH_AREA_CAPTION,
  BH_AREA_MINIMIZE,
  BH_AREA_MAXIMIZE,
  BH_AREA_CLOSE,
  BH_AREA_EDGE = 16, /* plus a value of xdg_toplevel.resize_edge */
} BhArea;

typedef struct
{
  int left, top, right, bottom;
} BhMargins;

/* What the frame looks like; compared to paint only what changed. */
typedef struct
{
  int width, height; /* of the content, logical */
  BhMargins margins;
  guint scale_120;
  gboolean caption, active, maximized;
  BhArea hover;
} BhLook;

BhBorder *bh_border_new (BhProxy *proxy, BhWindow *window, struct wl_surface *surface);
void bh_border_free (BhBorder *border);

/* @title: cleaned. Seen with the next update. */
void bh_border_set_title (BhBorder *border, const char *title);

/* Name or colour have changed: paint all with the next update. */
void bh_border_repaint (BhBorder *border);

/* Bring the strips to @look. They show with the next commit of the window's surface. FALSE when
 * there was nothing to do. */
gboolean bh_border_update (BhBorder *border, const BhLook *look);
const BhLook *bh_border_get_look (BhBorder *border);

/* What is at (@x, @y) of strip @part. */
BhArea bh_border_hit (BhBorder *border, BhPart part, int x, int y);
