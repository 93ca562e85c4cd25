/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flattening: a tree of surfaces becomes one picture. */
#include "bh-flatten.h"

#include <glib.h>
#include <math.h>

#include "bh-subsurface.h"

/* How a surface's buffer lies in the picture. */
typedef struct
{
  pixman_box32_t box; /* pixels of the picture */
  bool plain;         /* buffer pixels are picture pixels, from (src_x, src_y) on */
  int32_t src_x, src_y;
} Placement;

void
bh_scene_init (BhScene *scene)
{
  *scene = (BhScene){ .scale = 1 };
  wl_array_init (&scene->layers);
}

void
bh_scene_clear (BhScene *scene)
{
  wl_array_release (&scene->layers);
}

static void
collect (BhScene *scene, BhSurface *surface, int32_t x, int32_t y)
{
  BhStackNode *node;

  /* A subsurface of one without content is not shown (wayland.xml, wl_subsurface). */
  if (!surface->current.buffer || surface->width <= 0)
    return;
  wl_list_for_each (node, &surface->stack, link)
  {
    if (node->surface == surface)
      {
        BhLayer *layer = wl_array_add (&scene->layers, sizeof *layer);

        if (layer)
          *layer = (BhLayer){ surface, x, y };
      }
    else
      {
        BhSubsurface *child = node->surface->subsurface;

        collect (scene, node->surface, CLAMP (x + child->x, -BH_COORD, BH_COORD),
                 CLAMP (y + child->y, -BH_COORD, BH_COORD));
      }
  }
}

void
bh_scene_collect (BhScene *scene, BhSurface *root)
{
  scene->layers.size = 0;
  collect (scene, root, 0, 0);
}

unsigned
bh_scene_n_layers (const BhScene *scene)
{
  return (unsigned) (scene->layers.size / sizeof (BhLayer));
}

BhRect
bh_scene_bounds (const BhScene *scene)
{
  int32_t x1 = INT32_MAX, y1 = INT32_MAX, x2 = INT32_MIN, y2 = INT32_MIN;
  const BhLayer *layer;

  wl_array_for_each (layer, &scene->layers)
  {
    x1 = MIN (x1, layer->x);
    y1 = MIN (y1, layer->y);
    x2 = MAX (x2, layer->x + layer->surface->width);
    y2 = MAX (y2, layer->y + layer->surface->height);
  }
  if (x1 >= x2 || y1 >= y2)
    return (BhRect){ 0 };
  return (BhRect){ x1, y1, x2 - x1, y2 - y1 };
}

/* Part of the upright buffer that is shown, in its pixels. */
static void
source_of (const BhSurface *surface, double *x, double *y, double *width, double *height)
{
  const BhSurfaceState *state = &surface->current;
  int32_t w, h;

  bh_surface_upright_size (state, &w, &h);
  *x = *y = 0;
  *width = w;
  *height = h;
  if (state->src_width > 0)
    {
      *x = wl_fixed_to_double (state->src_x) * state->scale;
      *y = wl_fixed_to_double (state->src_y) * state->scale;
      *width = wl_fixed_to_double (state->src_width) * state->scale;
      *height = wl_fixed_to_double (state->src_height) * state->scale;
    }
}

/* Pixels per logical pixel of @surface. A buffer drawn for @preferred is taken to have just that, though
 * its size had to be rounded. */
static double
density (const BhSurface *surface, double preferred)
{
  double x, y, w, h;

  if (surface->current.buffer->own && surface->current.buffer->width == 1)
    return 1; /* a single colour asks for no pixels */
  source_of (surface, &x, &y, &w, &h);
  if (fabs (surface->width * preferred - w) <= 1 && fabs (surface->height * preferred - h) <= 1)
    return preferred;
  return fmax (w / surface->width, h / surface->height);
}

void
bh_scene_measure (BhScene *scene, uint32_t preferred_120)
{
  double scale = 1, most = fmax (scene->box.width, scene->box.height);
  const BhLayer *layer;

  /* What only ever draws below one pixel per logical one (a video scaled up) does not need more. */
  wl_array_for_each (layer, &scene->layers) scale =
      fmax (scale, density (layer->surface, preferred_120 / 120.0));
  scale = fmin (scale, 8);
  if (most * scale > BH_MAX_SIDE)
    scale = BH_MAX_SIDE / most;
  scene->scale = scale;
  scene->width = CLAMP ((int32_t) lround (scene->box.width * scale), 1, BH_MAX_SIDE);
  scene->height = CLAMP ((int32_t) lround (scene->box.height * scale), 1, BH_MAX_SIDE);
}

static void
place (const BhScene *scene, const BhLayer *layer, Placement *placement)
{
  const BhSurface *surface = layer->surface;
  double s = scene->scale, x, y, w, h;
  pixman_box32_t *box = &placement->box;

  source_of (surface, &x, &y, &w, &h);
  box->x1 = (int32_t) lround ((layer->x - scene->box.x) * s);
  box->y1 = (int32_t) lround ((layer->y - scene->box.y) * s);
  box->x2 = box->x1 + MAX (1, (int32_t) lround (surface->width * s));
  box->y2 = box->y1 + MAX (1, (int32_t) lround (surface->height * s));
  placement->plain = surface->current.transform == WL_OUTPUT_TRANSFORM_NORMAL && x == floor (x)
                     && y == floor (y) && fabs (w - (box->x2 - box->x1)) <= 1
                     && fabs (h - (box->y2 - box->y1)) <= 1;
  placement->src_x = (int32_t) x;
  placement->src_y = (int32_t) y;
  if (placement->plain)
    {
      box->x2 = box->x1 + (int32_t) w;
      box->y2 = box->y1 + (int32_t) h;
    }
}

/* Turn a rectangle of buffer pixels to the upright buffer's. */
static void
upright (const BhSurface *surface, const pixman_box32_t *in, double out[4])
{
  double w = surface->current.buffer->width, h = surface->current.buffer->height;
  double x1 = in->x1, y1 = in->y1, x2 = in->x2, y2 = in->y2;

  switch (surface->current.transform)
    {
    case WL_OUTPUT_TRANSFORM_90:
      out[0] = h - y2, out[1] = x1, out[2] = h - y1, out[3] = x2;
      break;
    case WL_OUTPUT_TRANSFORM_180:
      out[0] = w - x2, out[1] = h - y2, out[2] = w - x1, out[3] = h - y1;
      break;
    case WL_OUTPUT_TRANSFORM_270:
      out[0] = y1, out[1] = w - x2, out[2] = y2, out[3] = w - x1;
      break;
    case WL_OUTPUT_TRANSFORM_FLIPPED:
      out[0] = w - x2, out[1] = y1, out[2] = w - x1, out[3] = y2;
      break;
    case WL_OUTPUT_TRANSFORM_FLIPPED_90:
      out[0] = y1, out[1] = x1, out[2] = y2, out[3] = x2;
      break;
    case WL_OUTPUT_TRANSFORM_FLIPPED_180:
      out[0] = x1, out[1] = h - y2, out[2] = x2, out[3] = h - y1;
      break;
    case WL_OUTPUT_TRANSFORM_FLIPPED_270:
      out[0] = h - y2, out[1] = w - x2, out[2] = h - y1, out[3] = w - x1;
      break;
    default:
      out[0] = x1, out[1] = y1, out[2] = x2, out[3] = y2;
    }
}

/* Add the rectangle, grown to whole pixels and by what filtering smears, within @placement. */
static void
add_rect (pixman_region32_t *out, const Placement *placement, double x1, double y1, double x2,
          double y2)
{
  int32_t grow = placement->plain ? 0 : 1;
  int32_t left = MAX (placement->box.x1, (int32_t) floor (x1) - grow);
  int32_t top = MAX (placement->box.y1, (int32_t) floor (y1) - grow);
  int32_t right = MIN (placement->box.x2, (int32_t) ceil (x2) + grow);
  int32_t bottom = MIN (placement->box.y2, (int32_t) ceil (y2) + grow);

  if (left < right && top < bottom)
    pixman_region32_union_rect (out, out, left, top, (unsigned) (right - left),
                                (unsigned) (bottom - top));
}

static void
map_layer_damage (const BhScene *scene, const BhLayer *layer, const pixman_region32_t *damage,
                  const pixman_region32_t *buffer_damage, pixman_region32_t *out)
{
  BhSurface *surface = layer->surface;
  Placement placement;
  double sx, sy, sw, sh, fx, fy;
  const pixman_box32_t *boxes;
  int n;

  place (scene, layer, &placement);
  source_of (surface, &sx, &sy, &sw, &sh);
  boxes = pixman_region32_rectangles ((pixman_region32_t *) damage, &n);
  fx = (double) (placement.box.x2 - placement.box.x1) / surface->width;
  fy = (double) (placement.box.y2 - placement.box.y1) / surface->height;
  for (int i = 0; i < n; i++)
    add_rect (out, &placement, placement.box.x1 + boxes[i].x1 * fx,
              placement.box.y1 + boxes[i].y1 * fy, placement.box.x1 + boxes[i].x2 * fx,
              placement.box.y1 + boxes[i].y2 * fy);
  boxes = pixman_region32_rectangles ((pixman_region32_t *) buffer_damage, &n);
  fx = (placement.box.x2 - placement.box.x1) / sw;
  fy = (placement.box.y2 - placement.box.y1) / sh;
  for (int i = 0; i < n; i++)
    {
      double r[4];
      pixman_box32_t box = { MAX (0, boxes[i].x1), MAX (0, boxes[i].y1),
                             MIN (surface->current.buffer->width, boxes[i].x2),
                             MIN (surface->current.buffer->height, boxes[i].y2) };

      upright (surface, &box, r);
      add_rect (out, &placement, placement.box.x1 + (r[0] - sx) * fx,
                placement.box.y1 + (r[1] - sy) * fy, placement.box.x1 + (r[2] - sx) * fx,
                placement.box.y1 + (r[3] - sy) * fy);
    }
}

void
bh_scene_map_damage (const BhScene *scene, BhSurface *surface, const pixman_region32_t *damage,
                     const pixman_region32_t *buffer_damage, pixman_region32_t *out)
{
  const BhLayer *layer;

  wl_array_for_each (layer, &scene->layers)
  {
    if (layer->surface == surface)
      map_layer_damage (scene, layer, damage, buffer_damage, out);
  }
  pixman_region32_intersect_rect (out, out, 0, 0, (unsigned) scene->width,
                                  (unsigned) scene->height);
}

/* Copy the rows of @region that lie in @placement; returns nothing to blend with. */
static void
copy_rows (const Placement *placement, const BhBufferAccess *access,
           const pixman_region32_t *region, uint8_t *pixels, int32_t stride)
{
  int n;
  const pixman_box32_t *boxes = pixman_region32_rectangles ((pixman_region32_t *) region, &n);

  for (int i = 0; i < n; i++)
    {
      int32_t x1 = MAX (boxes[i].x1, placement->box.x1), x2 = MIN (boxes[i].x2, placement->box.x2);
      int32_t y1 = MAX (boxes[i].y1, placement->box.y1), y2 = MIN (boxes[i].y2, placement->box.y2);
      const uint8_t *src;
      uint8_t *dst;
      size_t len;

      if (x1 >= x2 || y1 >= y2)
        continue;
      len = (size_t) (x2 - x1) * 4;
      src = access->data
            + (size_t) (y1 - placement->box.y1 + placement->src_y) * (size_t) access->stride
            + (size_t) (x1 - placement->box.x1 + placement->src_x) * 4;
      dst = pixels + (size_t) y1 * (size_t) stride + (size_t) x1 * 4;
      if (access->stride == stride && len == (size_t) stride)
        memcpy (dst, src, len * (size_t) (y2 - y1));
      else
        for (int32_t y = y1; y < y2; y++, src += access->stride, dst += stride)
          memcpy (dst, src, len);
    }
}

/* From picture pixels to buffer pixels. */
static void
set_transform (pixman_image_t *image, const BhSurface *surface, const Placement *placement)
{
  static const int turns[8][4] = {
    { 1, 0, 0, 1 },  { 0, 1, -1, 0 }, { -1, 0, 0, -1 }, { 0, -1, 1, 0 },
    { -1, 0, 0, 1 }, { 0, 1, 1, 0 },  { 1, 0, 0, -1 },  { 0, -1, -1, 0 },
  };
  const int *m = turns[surface->current.transform & 7];
  double sx, sy, sw, sh, fx, fy, w = surface->current.buffer->width,
                                 h = surface->current.buffer->height;
  struct pixman_f_transform f;
  pixman_transform_t t;

  source_of (surface, &sx, &sy, &sw, &sh);
  fx = sw / (placement->box.x2 - placement->box.x1);
  fy = sh / (placement->box.y2 - placement->box.y1);
  /* Upright u = s + f × p; buffer b = M × u, moved back to the first quadrant. */
  f.m[0][0] = m[0] * fx;
  f.m[0][1] = m[1] * fy;
  f.m[0][2] = m[0] * sx + m[1] * sy + (m[0] < 0 || m[1] < 0 ? w : 0);
  f.m[1][0] = m[2] * fx;
  f.m[1][1] = m[3] * fy;
  f.m[1][2] = m[2] * sx + m[3] * sy + (m[2] < 0 || m[3] < 0 ? h : 0);
  f.m[2][0] = f.m[2][1] = 0;
  f.m[2][2] = 1;
  pixman_transform_from_pixman_f_transform (&t, &f);
  pixman_image_set_transform (image, &t);
  pixman_image_set_filter (image, PIXMAN_FILTER_BILINEAR, NULL, 0);
  pixman_image_set_repeat (image, PIXMAN_REPEAT_PAD);
}

static void
blend (const BhLayer *layer, const Placement *placement, const BhBufferAccess *access,
       pixman_image_t *target, bool lowest)
{
  BhBuffer *buffer = layer->surface->current.buffer;
  pixman_image_t *image = pixman_image_create_bits_no_clear (
      buffer->opaque ? PIXMAN_x8r8g8b8 : PIXMAN_a8r8g8b8, buffer->width, buffer->height,
      (uint32_t *) access->data, access->stride);
  const pixman_box32_t *box = &placement->box;

  if (!image)
    return;
  if (!placement->plain)
    set_transform (image, layer->surface, placement);
  pixman_image_composite32 (lowest || buffer->opaque ? PIXMAN_OP_SRC : PIXMAN_OP_OVER, image, NULL,
                            target, placement->plain ? placement->src_x : 0,
                            placement->plain ? placement->src_y : 0, 0, 0, box->x1, box->y1,
                            box->x2 - box->x1, box->y2 - box->y1);
  pixman_image_unref (image);
}

/* Whether @layer alone decides the pixels of @box. */
static bool
hides (const BhLayer *layer, const Placement *placement, const BhScene *scene,
       const pixman_box32_t *box)
{
  pixman_box32_t logical = {
    (int32_t) floor (box->x1 / scene->scale) + scene->box.x - layer->x,
    (int32_t) floor (box->y1 / scene->scale) + scene->box.y - layer->y,
    (int32_t) ceil (box->x2 / scene->scale) + scene->box.x - layer->x,
    (int32_t) ceil (box->y2 / scene->scale) + scene->box.y - layer->y,
  };

  if (box->x1 < placement->box.x1 || box->y1 < placement->box.y1 || box->x2 > placement->box.x2
      || box->y2 > placement->box.y2)
    return false;
  return layer->surface->current.buffer->opaque
         || pixman_region32_contains_rectangle (&layer->surface->current.opaque, &logical)
                == PIXMAN_REGION_IN;
}

/* Take from @region what is certainly opaque in @layer. */
static void
subtract_opaque (const BhScene *scene, const BhLayer *layer, pixman_region32_t *region)
{
  const BhSurface *surface = layer->surface;
  Placement placement;
  pixman_region32_t opaque;
  const pixman_box32_t *boxes;
  double s = scene->scale, x = layer->x - scene->box.x, y = layer->y - scene->box.y;
  int n;

  place (scene, layer, &placement);
  pixman_region32_init (&opaque);
  if (surface->current.buffer->opaque)
    pixman_region32_union_rect (&opaque, &opaque, placement.box.x1, placement.box.y1,
                                (unsigned) (placement.box.x2 - placement.box.x1),
                                (unsigned) (placement.box.y2 - placement.box.y1));
  boxes = pixman_region32_rectangles ((pixman_region32_t *) &surface->current.opaque, &n);
  for (int i = 0; i < n; i++)
    {
      /* Whole pixels, and only where the surface is: programs name more. */
      int32_t x1 = MAX (placement.box.x1, (int32_t) ceil ((x + boxes[i].x1) * s));
      int32_t y1 = MAX (placement.box.y1, (int32_t) ceil ((y + boxes[i].y1) * s));
      int32_t x2 = MIN (placement.box.x2, (int32_t) floor ((x + boxes[i].x2) * s));
      int32_t y2 = MIN (placement.box.y2, (int32_t) floor ((y + boxes[i].y2) * s));

      if (x1 < x2 && y1 < y2)
        pixman_region32_union_rect (&opaque, &opaque, x1, y1, (unsigned) (x2 - x1),
                                    (unsigned) (y2 - y1));
    }
  pixman_region32_subtract (region, region, &opaque);
  pixman_region32_fini (&opaque);
}

/* @pixel, premultiplied ARGB, over @backdrop. */
static uint32_t
over (uint32_t pixel, uint32_t backdrop)
{
  uint32_t rest = 255 - (pixel >> 24), out = 0;

  for (int shift = 0; shift < 24; shift += 8)
    {
      uint32_t part = ((backdrop >> shift & 255) * rest + 127) / 255 + (pixel >> shift & 255);

      out |= MIN (part, 255) << shift;
    }
  return 0xff000000u | out;
}

/* Put @backdrop under what is drawn in @region, wherever that may be transparent. */
static void
underlay (const BhScene *scene, unsigned first, const pixman_region32_t *region, uint32_t backdrop,
          uint8_t *pixels, int32_t stride)
{
  const BhLayer *layers = scene->layers.data;
  pixman_region32_t rest;
  const pixman_box32_t *boxes;
  int n;

  pixman_region32_init (&rest);
  pixman_region32_copy (&rest, (pixman_region32_t *) region);
  for (unsigned i = first; i < bh_scene_n_layers (scene); i++)
    subtract_opaque (scene, &layers[i], &rest);
  boxes = pixman_region32_rectangles (&rest, &n);
  for (int i = 0; i < n; i++)
    for (int32_t y = boxes[i].y1; y < boxes[i].y2; y++)
      {
        uint32_t *row = (uint32_t *) (pixels + (size_t) y * (size_t) stride);

        for (int32_t x = boxes[i].x1; x < boxes[i].x2; x++)
          if (row[x] < 0xff000000u)
            row[x] = over (row[x], backdrop);
      }
  pixman_region32_fini (&rest);
}

void
bh_scene_draw (const BhScene *scene, const pixman_region32_t *region, uint32_t backdrop,
               uint8_t *pixels, int32_t stride)
{
  const pixman_box32_t *extents = pixman_region32_extents ((pixman_region32_t *) region);
  const BhLayer *layers = scene->layers.data;
  unsigned n = bh_scene_n_layers (scene), first = 0;
  pixman_image_t *target = NULL;
  Placement placement;
  pixman_color_t nothing = { 0, 0, 0, 0 };
  bool covered = false;

  for (unsigned i = n; i-- > 0 && !covered;)
    {
      place (scene, &layers[i], &placement);
      covered = hides (&layers[i], &placement, scene, extents);
      if (covered)
        first = i;
    }
  if (n > 0)
    place (scene, &layers[first], &placement);
  covered = covered
            || (n > 0 && extents->x1 >= placement.box.x1 && extents->y1 >= placement.box.y1
                && extents->x2 <= placement.box.x2 && extents->y2 <= placement.box.y2);
  if (!(n - first == 1 && placement.plain && covered))
    {
      target = pixman_image_create_bits_no_clear (PIXMAN_a8r8g8b8, scene->width, scene->height,
                                                  (uint32_t *) pixels, stride);
      if (!target)
        return;
      pixman_image_set_clip_region32 (target, (pixman_region32_t *) region);
    }
  if (!covered)
    {
      int n_boxes;
      pixman_box32_t *boxes = pixman_region32_rectangles ((pixman_region32_t *) region, &n_boxes);

      pixman_image_fill_boxes (PIXMAN_OP_SRC, target, &nothing, n_boxes, boxes);
    }
  for (unsigned i = first; i < n; i++)
    {
      BhBufferAccess access;

      place (scene, &layers[i], &placement);
      if (!bh_buffer_begin (layers[i].surface->current.buffer, &access))
        continue;
      if (i == first && placement.plain)
        copy_rows (&placement, &access, region, pixels, stride);
      else
        blend (&layers[i], &placement, &access, target, i == first);
      bh_buffer_end (&access);
    }
  if (target)
    pixman_image_unref (target);
  underlay (scene, first, region, backdrop, pixels, stride);
}

static BhSurface *
pick (BhSurface *surface, double x, double y, double *sx, double *sy)
{
  BhStackNode *node;

  if (!surface->current.buffer || surface->width <= 0)
    return NULL;
  wl_list_for_each_reverse (node, &surface->stack, link)
  {
    BhSurface *found = NULL;

    if (node->surface == surface)
      {
        if (bh_surface_accepts (surface, x, y))
          {
            *sx = x;
            *sy = y;
            return surface;
          }
      }
    else
      found = pick (node->surface, x - node->surface->subsurface->x,
                    y - node->surface->subsurface->y, sx, sy);
    if (found)
      return found;
  }
  return NULL;
}

BhSurface *
bh_scene_pick (BhSurface *root, double x, double y, double *sx, double *sy)
{
  return pick (root, x, y, sx, sy);
}
