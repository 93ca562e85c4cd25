/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of cameras that compress them ("Motion JPEG"), as most on USB do beyond a small size.
 *
 * Should: decode what a camera makes, and take everything else for no picture. Mustn't: trust a byte of it (a device
 * or a program of the desktop made it), take more memory or time than one picture needs, or end the process. */
#pragma once

#include "bh-convert.h"

/* The longest picture that is looked at, in bytes, and its longest side in pixels. */
#define BH_MAX_JPEG_BYTES (8u << 20)
#define BH_MAX_JPEG_SIDE 4096u

typedef struct _BhJpeg BhJpeg;

/* NULL: no memory. */
BhJpeg *bh_jpeg_new (void);
void bh_jpeg_free (BhJpeg *jpeg);

/* Decode @data, at full size or at a half, a quarter or an eighth of it that still covers @width × @height. @picture
 * is of BH_PICTURE_RGB then, and its bytes are @jpeg's, up to the next call. False: that is no such picture. */
bool bh_jpeg_decode (BhJpeg *jpeg, const uint8_t *data, size_t length, uint32_t width,
                     uint32_t height, BhPicture *picture);
