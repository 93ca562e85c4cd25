/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of cameras that compress them ("Motion JPEG").
 *
 * Cameras make baseline pictures of one scan, and often leave out the Huffman tables; libjpeg-turbo has those. What
 * else JPEG can be (progressive, of many scans, arithmetic) takes memory for the whole picture and time for each scan,
 * so it is turned away once the head is read. */
#include "bh-jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

/* Of libjpeg for itself; a picture of one scan takes some rows. */
#define MAX_MEMORY (32L << 20)

struct _BhJpeg
{
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  jmp_buf out; /* of libjpeg, when it has found an error */
  bool made;   /* @decoder */
  /* A copy: who made the picture may still be able to write to it. */
  uint8_t *in;
  size_t in_size;
  uint8_t *pixels;
  size_t pixels_size;
};

static void
error_found (j_common_ptr common)
{
  BhJpeg *jpeg = common->client_data;

  longjmp (jpeg->out, 1);
}

/* Of what it can go on after, and there can be one for each byte. */
static void
say_nothing (j_common_ptr common, int level)
{
}

static bool
make_room (uint8_t **room, size_t *size, size_t needed)
{
  uint8_t *bigger;

  if (*size >= needed)
    return true;
  bigger = realloc (*room, needed);
  if (!bigger)
    return false;
  *room = bigger;
  *size = needed;
  return true;
}

/* The head is read: whether a camera would make such a picture. */
static bool
is_of_a_camera (struct jpeg_decompress_struct *decoder)
{
  return decoder->image_width >= 1 && decoder->image_height >= 1
         && decoder->image_width <= BH_MAX_JPEG_SIDE && decoder->image_height <= BH_MAX_JPEG_SIDE
         && (decoder->num_components == 1 || decoder->num_components == 3)
         && !decoder->progressive_mode && !decoder->arith_code
         && !jpeg_has_multiple_scans (decoder);
}

/* How much smaller it can be decoded and still cover that. */
static unsigned
choose_scale (const struct jpeg_decompress_struct *decoder, uint32_t width, uint32_t height)
{
  unsigned scale = 8;

  while (scale > 1
         && (decoder->image_width / scale < width || decoder->image_height / scale < height))
    scale /= 2;
  return scale;
}

/* Leaves by way of jpeg->out when there is something wrong with it. */
static bool
decode (BhJpeg *jpeg, size_t length, uint32_t width, uint32_t height, BhPicture *picture)
{
  struct jpeg_decompress_struct *decoder = &jpeg->decoder;
  size_t stride, whole;

  jpeg_mem_src (decoder, jpeg->in, length);
  if (jpeg_read_header (decoder, TRUE) != JPEG_HEADER_OK || !is_of_a_camera (decoder))
    return false;
  decoder->out_color_space = JCS_RGB;
  decoder->dct_method = JDCT_IFAST;
  decoder->do_fancy_upsampling = FALSE;
  decoder->scale_num = 1;
  decoder->scale_denom = choose_scale (decoder, width, height);
  jpeg_calc_output_dimensions (decoder);
  stride = (size_t) decoder->output_width * 3;
  whole = stride * decoder->output_height;
  if (!make_room (&jpeg->pixels, &jpeg->pixels_size, whole))
    return false;
  jpeg_start_decompress (decoder);
  while (decoder->output_scanline < decoder->output_height)
    {
      JSAMPROW row = jpeg->pixels + stride * decoder->output_scanline;

      jpeg_read_scanlines (decoder, &row, 1);
    }
  *picture = (BhPicture){ .kind = BH_PICTURE_RGB,
                          .green = 1,
                          .blue = 2,
                          .step = 3,
                          .width = decoder->output_width,
                          .height = decoder->output_height,
                          .stride = (uint32_t) stride,
                          .data = jpeg->pixels,
                          .length = whole };
  return true;
}

bool
bh_jpeg_decode (BhJpeg *jpeg, const uint8_t *data, size_t length, uint32_t width, uint32_t height,
                BhPicture *picture)
{
  bool good;

  if (length == 0 || length > BH_MAX_JPEG_BYTES
      || !make_room (&jpeg->in, &jpeg->in_size, length))
    return false;
  memcpy (jpeg->in, data, length);
  good = setjmp (jpeg->out) == 0 && decode (jpeg, length, width, height, picture);
  jpeg_abort_decompress (&jpeg->decoder);
  return good;
}

static bool
make_decoder (BhJpeg *jpeg)
{
  if (setjmp (jpeg->out) != 0)
    return false;
  jpeg_create_decompress (&jpeg->decoder);
  jpeg->made = true;
  jpeg->decoder.mem->max_memory_to_use = MAX_MEMORY;
  return true;
}

BhJpeg *
bh_jpeg_new (void)
{
  BhJpeg *jpeg = calloc (1, sizeof *jpeg);

  if (!jpeg)
    return NULL;
  jpeg->decoder.err = jpeg_std_error (&jpeg->errors);
  jpeg->errors.error_exit = error_found;
  jpeg->errors.emit_message = say_nothing;
  jpeg->decoder.client_data = jpeg;
  if (make_decoder (jpeg))
    return jpeg;
  bh_jpeg_free (jpeg);
  return NULL;
}

void
bh_jpeg_free (BhJpeg *jpeg)
{
  if (!jpeg)
    return;
  if (jpeg->made)
    jpeg_destroy_decompress (&jpeg->decoder);
  free (jpeg->in);
  free (jpeg->pixels);
  free (jpeg);
}
