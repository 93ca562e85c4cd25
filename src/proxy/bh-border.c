/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The trusted frame. */
#include "config.h"

#include "bh-border.h"

#include <math.h>

#include "bh-caption.h"
#include "bh-display.h"
#include "bh-paint.h"
#include "bh-window.h"

/* How far from a corner an edge resizes both ways. */
#define CORNER 16
#define TOP_EDGE 4
/* Captions waiting for a compositor that does not release: no more are painted. */
#define MAX_DROPPED 64

typedef struct
{
  BhSurfaceTag tag;
  struct wl_surface *surface;
  struct wl_subsurface *subsurface;
  struct wp_viewport *viewport;
  BhPaint *paint;
  int x, y, width, height;
} Strip;

struct _BhBorder
{
  BhProxy *proxy;
  BhWindow *window;
  Strip strips[BH_N_PARTS]; /* BH_PART_CONTENT is unused */
  BhLook look;
  char *title;
  gboolean title_changed, repaint, starved;
};

BhBorder *
bh_border_new (BhProxy *proxy, BhWindow *window, struct wl_surface *surface)
{
  BhDisplay *display = proxy->display;
  BhBorder *border = g_new0 (BhBorder, 1);

  border->proxy = proxy;
  border->window = window;
  border->title = g_strdup ("");
  for (BhPart part = BH_PART_TOP; part < BH_N_PARTS; part++)
    {
      Strip *strip = &border->strips[part];

      strip->tag = (BhSurfaceTag){ window, part };
      strip->surface = wl_compositor_create_surface (display->compositor);
      wl_surface_set_user_data (strip->surface, &strip->tag);
      strip->subsurface =
          wl_subcompositor_get_subsurface (display->subcompositor, strip->surface, surface);
      if (display->viewporter)
        strip->viewport = wp_viewporter_get_viewport (display->viewporter, strip->surface);
    }
  return border;
}

void
bh_border_free (BhBorder *border)
{
  if (!border)
    return;
  for (BhPart part = BH_PART_TOP; part < BH_N_PARTS; part++)
    {
      Strip *strip = &border->strips[part];

      g_clear_pointer (&strip->viewport, wp_viewport_destroy);
      wl_subsurface_destroy (strip->subsurface);
      wl_surface_destroy (strip->surface);
      bh_paint_free (strip->paint);
    }
  g_free (border->title);
  g_free (border);
}

void
bh_border_set_title (BhBorder *border, const char *title)
{
  if (g_strcmp0 (border->title, title) == 0)
    return;
  g_free (border->title);
  border->title = g_strdup (title);
  border->title_changed = TRUE;
}

void
bh_border_repaint (BhBorder *border)
{
  border->repaint = TRUE;
}

const BhLook *
bh_border_get_look (BhBorder *border)
{
  return &border->look;
}

static void
paint_strip (BhBorder *border, BhPart part)
{
  Strip *strip = &border->strips[part];
  guint scale = border->look.scale_120;
  int integer = (int) ((scale + 119) / 120);
  /* Without a viewport the buffer's scale says the size, and that is a whole number. */
  guint used = strip->viewport ? scale : (guint) integer * 120;
  int width = MAX (bh_scale_px (strip->width, used), 1);
  int height = MAX (bh_scale_px (strip->height, used), 1);
  const BhColor *color = &border->proxy->color;
  guint32 *pixels;
  BhPaint *paint =
      bh_paint_new (border->proxy->display, width, height, WL_SHM_FORMAT_XRGB8888, &pixels);
  struct wl_region *region;

  if (!paint)
    return;
  if (part == BH_PART_TOP)
    bh_caption_paint (border->proxy, pixels, width, height, strip->width, strip->height,
                      &border->look, border->title);
  else
    for (gsize i = 0; i < (gsize) width * (gsize) height; i++)
      pixels[i] =
          0xff000000u | (guint32) color->red << 16 | (guint32) color->green << 8 | color->blue;
  wl_surface_attach (strip->surface, bh_paint_done (paint), 0, 0);
  wl_surface_damage_buffer (strip->surface, 0, 0, width, height);
  if (strip->viewport)
    wp_viewport_set_destination (strip->viewport, strip->width, strip->height);
  else
    wl_surface_set_buffer_scale (strip->surface, integer);
  region = wl_compositor_create_region (border->proxy->display->compositor);
  wl_region_add (region, 0, 0, strip->width, strip->height);
  wl_surface_set_opaque_region (strip->surface, region);
  wl_region_destroy (region);
  wl_surface_commit (strip->surface);
  bh_paint_drop (strip->paint);
  strip->paint = paint;
}

static gboolean
look_same (const BhLook *a, const BhLook *b)
{
  return a->width == b->width && a->height == b->height && a->margins.left == b->margins.left
         && a->margins.top == b->margins.top && a->margins.right == b->margins.right
         && a->margins.bottom == b->margins.bottom && a->scale_120 == b->scale_120
         && a->caption == b->caption && a->active == b->active && a->maximized == b->maximized
         && a->hover == b->hover;
}

gboolean
bh_border_update (BhBorder *border, const BhLook *look)
{
  const BhMargins *m = &look->margins;
  int outer = m->left + look->width + m->right;
  const int places[BH_N_PARTS][4] = {
    [BH_PART_TOP] = { -m->left, -m->top, outer, m->top },
    [BH_PART_LEFT] = { -m->left, 0, m->left, look->height },
    [BH_PART_RIGHT] = { look->width, 0, m->right, look->height },
    [BH_PART_BOTTOM] = { -m->left, look->height, outer, m->bottom },
  };
  gboolean all = border->repaint || look->scale_120 != border->look.scale_120;
  gboolean caption = border->title_changed || !look_same (look, &border->look);

  if (!all && !caption && !border->starved)
    return FALSE;
  border->look = *look;
  border->starved = FALSE;
  for (BhPart part = BH_PART_TOP; part < BH_N_PARTS; part++)
    {
      Strip *strip = &border->strips[part];
      const int *place = places[part];
      gboolean size = place[2] != strip->width || place[3] != strip->height;

      if (place[0] != strip->x || place[1] != strip->y)
        wl_subsurface_set_position (strip->subsurface, place[0], place[1]);
      strip->x = place[0];
      strip->y = place[1];
      strip->width = place[2];
      strip->height = place[3];
      if (!size && !all && part != BH_PART_TOP)
        continue;
      if (!size && bh_paint_count_dropped () > MAX_DROPPED)
        border->starved = TRUE;
      else
        paint_strip (border, part);
    }
  border->repaint = border->repaint && border->starved;
  if (border->starved)
    bh_window_queue_refresh (border->window);
  border->title_changed = FALSE;
  return TRUE;
}

static guint
edges_at (const BhBorder *border, BhPart part, int x, int y)
{
  const Strip *top = &border->strips[BH_PART_TOP], *strip = &border->strips[part];
  /* In the coordinates of the frame. */
  int fx = strip->x - top->x + x, fy = strip->y - top->y + y;
  int width = top->width;
  int height = top->height + border->look.height + border->look.margins.bottom;
  guint edges = 0;

  if (fy < CORNER
      && (part != BH_PART_TOP || fy < TOP_EDGE || fx < BH_FRAME_SIDE
          || fx >= width - BH_FRAME_SIDE))
    edges |= XDG_TOPLEVEL_RESIZE_EDGE_TOP;
  else if (fy >= height - MAX (CORNER, border->look.margins.bottom))
    edges |= XDG_TOPLEVEL_RESIZE_EDGE_BOTTOM;
  if (fx < CORNER && (part != BH_PART_TOP || edges || fx < BH_FRAME_SIDE))
    edges |= XDG_TOPLEVEL_RESIZE_EDGE_LEFT;
  else if (fx >= width - CORNER && (part != BH_PART_TOP || edges || fx >= width - BH_FRAME_SIDE))
    edges |= XDG_TOPLEVEL_RESIZE_EDGE_RIGHT;
  return edges;
}

BhArea
bh_border_hit (BhBorder *border, BhPart part, int x, int y)
{
  static const BhArea buttons[] = { BH_AREA_MINIMIZE, BH_AREA_MAXIMIZE, BH_AREA_CLOSE };
  guint edges;

  if (!border->look.caption)
    return BH_AREA_NONE;
  edges = border->look.maximized ? 0 : edges_at (border, part, x, y);
  if (edges)
    return (BhArea) (BH_AREA_EDGE + edges);
  if (part != BH_PART_TOP)
    return BH_AREA_NONE;
  for (int i = 0; i < 3; i++)
    {
      int start;

      if (bh_caption_button_x (border->strips[BH_PART_TOP].width, i, &start) && x >= start
          && x < start + BH_CAPTION_BUTTON)
        return buttons[i];
    }
  return BH_AREA_CAPTION;
}
