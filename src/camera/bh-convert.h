/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of cameras into the one format that crosses (bh-messages.h).
 *
 * Should: read no byte outside of what a picture says to have. Mustn't: allocate, or fail. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum
{
  BH_PICTURE_YUY2,
  BH_PICTURE_UYVY,
  BH_PICTURE_I420,
  BH_PICTURE_YV12,
  BH_PICTURE_NV12,
  BH_PICTURE_RGB,  /* three or four bytes, as red, green, blue and step say */
  BH_PICTURE_JPEG, /* for bh-jpeg.h first: it is never whole here */
} BhPictureKind;

typedef struct
{
  BhPictureKind kind;
  uint8_t red, green, blue, step; /* of BH_PICTURE_RGB: bytes of a pixel, and how many it has */
  uint32_t width, height;         /* 1 to BH_MAX_PICTURE_SIDE */
  uint32_t stride;                /* of the first plane; those of the others follow from it */
  const uint8_t *data;
  size_t length;
} BhPicture;

#define BH_MAX_PICTURE_SIDE 8192u

/* Whether @picture has all of its bytes. */
bool bh_picture_is_whole (const BhPicture *picture);

/* Fill @out with @width × @height (even) of I420: the middle of @picture, scaled to fill it. */
void bh_picture_convert (const BhPicture *picture, uint32_t width, uint32_t height, uint8_t *out);
