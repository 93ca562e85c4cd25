/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of cameras into the one format that crosses.
 *
 * Cameras are asked for a size that needs no scaling first (bh-pipewire.c); where one has none, the nearest pixel is
 * taken. */
#include "bh-convert.h"

#include <string.h>

typedef struct
{
  uint32_t x, y, width, height; /* of the source */
} Part;

static uint32_t
half (uint32_t value)
{
  return (value + 1) / 2;
}

/* Bytes a picture needs, from its first on. */
static size_t
needed (const BhPicture *p)
{
  size_t rows = p->height, chroma = half (p->height);

  switch (p->kind)
    {
    case BH_PICTURE_YUY2:
    case BH_PICTURE_UYVY:
      return p->stride < half (p->width) * 4 ? SIZE_MAX : p->stride * rows;
    case BH_PICTURE_I420:
    case BH_PICTURE_YV12:
      return p->stride < p->width ? SIZE_MAX
                                  : p->stride * rows + 2 * (size_t) half (p->stride) * chroma;
    case BH_PICTURE_NV12:
      return p->stride < half (p->width) * 2 ? SIZE_MAX : p->stride * (rows + chroma);
    case BH_PICTURE_RGB:
      return p->stride < p->width * p->step ? SIZE_MAX : p->stride * rows;
    case BH_PICTURE_JPEG:
      break;
    }
  return SIZE_MAX;
}

bool
bh_picture_is_whole (const BhPicture *p)
{
  return p->width >= 1 && p->height >= 1 && p->width <= BH_MAX_PICTURE_SIDE
         && p->height <= BH_MAX_PICTURE_SIDE && p->stride <= BH_MAX_PICTURE_SIDE * 4
         && p->length >= needed (p);
}

static uint8_t
luma_of_rgb (const BhPicture *p, const uint8_t *pixel)
{
  /* BT.601, limited range, in 256ths. */
  return (uint8_t) (16
                    + ((66 * pixel[p->red] + 129 * pixel[p->green] + 25 * pixel[p->blue] + 128)
                       >> 8));
}

static uint8_t
luma (const BhPicture *p, uint32_t x, uint32_t y)
{
  const uint8_t *row = p->data + (size_t) p->stride * y;

  switch (p->kind)
    {
    case BH_PICTURE_YUY2:
      return row[2 * x];
    case BH_PICTURE_UYVY:
      return row[2 * x + 1];
    case BH_PICTURE_RGB:
      return luma_of_rgb (p, row + (size_t) p->step * x);
    case BH_PICTURE_I420:
    case BH_PICTURE_YV12:
    case BH_PICTURE_NV12:
    case BH_PICTURE_JPEG:
    default:
      return row[x];
    }
}

static void
chroma (const BhPicture *p, uint32_t x, uint32_t y, uint8_t *u, uint8_t *v)
{
  const uint8_t *row = p->data + (size_t) p->stride * y, *plane, *pixel;
  size_t size;

  switch (p->kind)
    {
    case BH_PICTURE_YUY2:
      *u = row[x / 2 * 4 + 1];
      *v = row[x / 2 * 4 + 3];
      break;
    case BH_PICTURE_UYVY:
      *u = row[x / 2 * 4];
      *v = row[x / 2 * 4 + 2];
      break;
    case BH_PICTURE_I420:
    case BH_PICTURE_YV12:
      plane = p->data + (size_t) p->stride * p->height;
      size = (size_t) half (p->stride) * half (p->height);
      plane += (size_t) half (p->stride) * (y / 2) + x / 2;
      *u = plane[p->kind == BH_PICTURE_I420 ? 0 : size];
      *v = plane[p->kind == BH_PICTURE_I420 ? size : 0];
      break;
    case BH_PICTURE_NV12:
      plane = p->data + (size_t) p->stride * p->height + (size_t) p->stride * (y / 2);
      *u = plane[x / 2 * 2];
      *v = plane[x / 2 * 2 + 1];
      break;
    case BH_PICTURE_RGB:
    case BH_PICTURE_JPEG:
    default:
      pixel = row + (size_t) p->step * x;
      *u = (uint8_t) (128
                      + ((-38 * pixel[p->red] - 74 * pixel[p->green] + 112 * pixel[p->blue] + 128)
                         >> 8));
      *v = (uint8_t) (128
                      + ((112 * pixel[p->red] - 94 * pixel[p->green] - 18 * pixel[p->blue] + 128)
                         >> 8));
    }
}

/* The largest part in the middle of @p with the proportions of @width × @height. */
static Part
middle (const BhPicture *p, uint32_t width, uint32_t height)
{
  Part part = { 0, 0, p->width, p->height };

  if ((uint64_t) p->width * height > (uint64_t) p->height * width)
    part.width = (uint32_t) ((uint64_t) p->height * width / height);
  else
    part.height = (uint32_t) ((uint64_t) p->width * height / width);
  part.width = part.width ? part.width : 1;
  part.height = part.height ? part.height : 1;
  part.x = (p->width - part.width) / 2;
  part.y = (p->height - part.height) / 2;
  return part;
}

void
bh_picture_convert (const BhPicture *p, uint32_t width, uint32_t height, uint8_t *out)
{
  Part part = middle (p, width, height);
  uint8_t *u = out + (size_t) width * height, *v = u + (size_t) width * height / 4;

  for (uint32_t y = 0; y < height; y++)
    {
      uint32_t from_y = part.y + (uint32_t) ((uint64_t) y * part.height / height);

      for (uint32_t x = 0; x < width; x++)
        {
          uint32_t from_x = part.x + (uint32_t) ((uint64_t) x * part.width / width);

          *out++ = luma (p, from_x, from_y);
          if (((x | y) & 1) == 0)
            chroma (p, from_x, from_y, u++, v++);
        }
    }
}
