/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pointer's picture.
 *
 * Rules: a picture of the guest is at most BH_MAX_CURSOR on a side, has its hotspot inside, and
 * shows only over that guest's content: whoever enters anything else sets a picture of his own
 * (wayland.xml, wl_pointer.set_cursor). The theme is read when first needed; bh-isolate.c leaves
 * the icon folders readable for that. */
#include "config.h"

#include "bh-cursor.h"

#include <stdlib.h>
#include <wayland-cursor.h>

#include "bh-display.h"
#include "bh-paint.h"
#include "bh-seat.h"

struct _BhCursor
{
  BhProxy *proxy;
  struct wl_surface *surface;
  struct wl_cursor_theme *theme;
  int theme_scale;
  BhPaint *paint;
  /* What the pointer shows since the enter with this serial; 0: something else than a shape. */
  guint32 last_shape, last_serial;
  guint last_scale;
};

/* CSS names, and what older themes call them. */
static const char *const shapes[][3] = {
  { "default", "left_ptr" },
  { "default", "left_ptr" },
  { "context-menu", "left_ptr" },
  { "help", "question_arrow", "whats_this" },
  { "pointer", "hand2", "hand1" },
  { "progress", "left_ptr_watch" },
  { "wait", "watch" },
  { "cell", "plus" },
  { "crosshair", "cross" },
  { "text", "xterm" },
  { "vertical-text", "xterm" },
  { "alias", "dnd-link" },
  { "copy", "dnd-copy" },
  { "move", "dnd-move", "fleur" },
  { "no-drop", "dnd-none", "crossed_circle" },
  { "not-allowed", "crossed_circle" },
  { "grab", "openhand", "hand1" },
  { "grabbing", "closedhand", "fleur" },
  { "e-resize", "right_side" },
  { "n-resize", "top_side" },
  { "ne-resize", "top_right_corner" },
  { "nw-resize", "top_left_corner" },
  { "s-resize", "bottom_side" },
  { "se-resize", "bottom_right_corner" },
  { "sw-resize", "bottom_left_corner" },
  { "w-resize", "left_side" },
  { "ew-resize", "sb_h_double_arrow" },
  { "ns-resize", "sb_v_double_arrow" },
  { "nesw-resize", "fd_double_arrow" },
  { "nwse-resize", "bd_double_arrow" },
  { "col-resize", "sb_h_double_arrow" },
  { "row-resize", "sb_v_double_arrow" },
  { "all-scroll", "fleur" },
  { "zoom-in", "left_ptr" },
  { "zoom-out", "left_ptr" },
  { "dnd-ask", "left_ptr" },
  { "all-resize", "fleur" },
};

BhCursor *
bh_cursor_new (BhProxy *proxy)
{
  BhCursor *cursor = g_new0 (BhCursor, 1);

  cursor->proxy = proxy;
  cursor->surface = wl_compositor_create_surface (proxy->display->compositor);
  return cursor;
}

void
bh_cursor_free (BhCursor *cursor)
{
  wl_surface_destroy (cursor->surface);
  bh_paint_free (cursor->paint);
  g_clear_pointer (&cursor->theme, wl_cursor_theme_destroy);
  g_free (cursor);
}

guint32
bh_cursor_edge_shape (guint32 edges)
{
  switch (edges)
    {
    case XDG_TOPLEVEL_RESIZE_EDGE_TOP:
      return 19;
    case XDG_TOPLEVEL_RESIZE_EDGE_BOTTOM:
      return 22;
    case XDG_TOPLEVEL_RESIZE_EDGE_LEFT:
      return 25;
    case XDG_TOPLEVEL_RESIZE_EDGE_TOP_LEFT:
      return 21;
    case XDG_TOPLEVEL_RESIZE_EDGE_BOTTOM_LEFT:
      return 24;
    case XDG_TOPLEVEL_RESIZE_EDGE_RIGHT:
      return 18;
    case XDG_TOPLEVEL_RESIZE_EDGE_TOP_RIGHT:
      return 20;
    case XDG_TOPLEVEL_RESIZE_EDGE_BOTTOM_RIGHT:
      return 23;
    default:
      return BH_CURSOR_DEFAULT;
    }
}

static struct wl_cursor *
load (BhCursor *cursor, guint32 shape, int scale)
{
  const char *size = g_getenv ("XCURSOR_SIZE");
  int pixels = size ? atoi (size) : 24;

  pixels = CLAMP (pixels, 8, BH_MAX_CURSOR);
  if (cursor->theme && cursor->theme_scale != scale)
    g_clear_pointer (&cursor->theme, wl_cursor_theme_destroy);
  if (!cursor->theme)
    {
      cursor->theme = wl_cursor_theme_load (g_getenv ("XCURSOR_THEME"), pixels * scale,
                                            cursor->proxy->display->shm);
      cursor->theme_scale = scale;
    }
  if (!cursor->theme)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (shapes[0]) && shapes[shape][i]; i++)
    {
      struct wl_cursor *found = wl_cursor_theme_get_cursor (cursor->theme, shapes[shape][i]);

      if (found)
        return found;
    }
  return shape == BH_CURSOR_DEFAULT ? NULL : load (cursor, BH_CURSOR_DEFAULT, scale);
}

void
bh_cursor_show_shape (BhCursor *cursor, guint32 shape, guint scale_120, guint32 serial)
{
  struct wl_pointer *pointer = cursor->proxy->seat->p.pointer;
  int scale = (int) CLAMP ((scale_120 + 119) / 120, 1, 4);
  struct wl_cursor *found;
  struct wl_cursor_image *image;
  struct wl_buffer *buffer;

  if (!pointer || shape >= G_N_ELEMENTS (shapes)
      || (shape == cursor->last_shape && serial == cursor->last_serial
          && scale_120 == cursor->last_scale))
    return;
  found = load (cursor, shape, scale);
  /* Without a theme the pointer keeps the picture it has, as with any other client. */
  if (!found || found->image_count == 0)
    return;
  image = found->images[0];
  buffer = wl_cursor_image_get_buffer (image);
  if (!buffer)
    return;
  /* A theme may lack pictures of twice the size. */
  if (image->width % (guint32) scale || image->height % (guint32) scale)
    scale = 1;
  wl_surface_set_buffer_scale (cursor->surface, scale);
  wl_surface_attach (cursor->surface, buffer, 0, 0);
  wl_surface_damage_buffer (cursor->surface, 0, 0, (int) image->width, (int) image->height);
  wl_surface_commit (cursor->surface);
  wl_pointer_set_cursor (pointer, serial, cursor->surface, (int) image->hotspot_x / scale,
                         (int) image->hotspot_y / scale);
  bh_paint_drop (g_steal_pointer (&cursor->paint));
  cursor->last_shape = shape;
  cursor->last_serial = serial;
  cursor->last_scale = scale_120;
}

void
bh_cursor_hide (BhCursor *cursor, guint32 serial)
{
  cursor->last_shape = 0;
  if (cursor->proxy->seat->p.pointer)
    wl_pointer_set_cursor (cursor->proxy->seat->p.pointer, serial, NULL, 0, 0);
}

const char *
bh_cursor_show_image (BhCursor *cursor, const bh_msg_cursor_image *untrusted, guint32 serial)
{
  struct wl_pointer *pointer = cursor->proxy->seat->p.pointer;
  guint32 width = untrusted->width, height = untrusted->height, scale = untrusted->scale;
  guint32 *pixels;
  BhPaint *paint;

  /* width and height are at most BH_MAX_CURSOR: the decoder has checked it. */
  if (untrusted->pixels.len != width * height * 4)
    return "a cursor whose pixels do not fill it";
  if ((guint32) untrusted->hotspot_x >= width || (guint32) untrusted->hotspot_y >= height)
    return "a cursor with its hotspot outside";
  if (!pointer || bh_paint_count_dropped () > 64)
    return NULL;
  /* wayland.xml, wl_surface.set_buffer_scale: the size has to be a multiple of the scale. */
  if (width % scale || height % scale)
    scale = 1;
  paint = bh_paint_new (cursor->proxy->display, (int) width, (int) height, WL_SHM_FORMAT_ARGB8888,
                        &pixels);
  if (!paint)
    return NULL;
  memcpy (pixels, untrusted->pixels.data, untrusted->pixels.len);
  wl_surface_set_buffer_scale (cursor->surface, (int) scale);
  wl_surface_attach (cursor->surface, bh_paint_done (paint), 0, 0);
  wl_surface_damage_buffer (cursor->surface, 0, 0, (int) width, (int) height);
  wl_surface_commit (cursor->surface);
  wl_pointer_set_cursor (pointer, serial, cursor->surface,
                         MIN (untrusted->hotspot_x, (int) (width / scale) - 1),
                         MIN (untrusted->hotspot_y, (int) (height / scale) - 1));
  bh_paint_drop (cursor->paint);
  cursor->paint = paint;
  cursor->last_shape = 0;
  return NULL;
}
