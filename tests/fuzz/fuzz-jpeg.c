/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzz target: whatever a camera may say is a compressed picture. What is taken for one is whole, of a size that was
 * asked for, and can be converted. */
#include "bh-jpeg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static uint8_t out[640 * 480 * 3 / 2];
  static BhJpeg *jpeg;
  BhPicture picture;

  if (!jpeg)
    jpeg = bh_jpeg_new ();
  if (!jpeg)
    abort ();
  for (uint32_t shift = 0; shift < 2; shift++)
    {
      if (!bh_jpeg_decode (jpeg, data, size, 640 >> shift, 480 >> shift, &picture))
        continue;
      if (picture.kind != BH_PICTURE_RGB || picture.width > BH_MAX_JPEG_SIDE
          || picture.height > BH_MAX_JPEG_SIDE || !bh_picture_is_whole (&picture))
        abort ();
      bh_picture_convert (&picture, 640 >> shift, 480 >> shift, out);
    }
  return 0;
}
