/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compressed pictures of cameras: what is one, at which size it comes out, and that the next is none the worse for one
 * that was none. */
#include "bh-jpeg.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

/* The left half red, the right one blue. */
static guint8 *
compress (guint32 width, guint32 height, gboolean progressive, gulong *length)
{
  struct jpeg_compress_struct encoder;
  struct jpeg_error_mgr errors;
  g_autofree guint8 *row = g_malloc0 (width * 3);
  unsigned char *out = NULL;

  for (guint32 x = 0; x < width; x++)
    row[3 * x + (x < width / 2 ? 0 : 2)] = 255;
  encoder.err = jpeg_std_error (&errors);
  jpeg_create_compress (&encoder);
  *length = 0;
  jpeg_mem_dest (&encoder, &out, length);
  encoder.image_width = width;
  encoder.image_height = height;
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults (&encoder);
  encoder.comp_info[0].v_samp_factor = 1; /* 4:2:2, as cameras have it */
  if (progressive)
    jpeg_simple_progression (&encoder);
  jpeg_start_compress (&encoder, TRUE);
  while (encoder.next_scanline < height)
    {
      JSAMPROW rows[] = { row };

      jpeg_write_scanlines (&encoder, rows, 1);
    }
  jpeg_finish_compress (&encoder);
  jpeg_destroy_compress (&encoder);
  return out;
}

/* Without the Huffman tables, as many cameras send them. */
static guint8 *
without_tables (guint32 width, guint32 height, gulong *length)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 *whole = compress (width, height, FALSE, length);
  gulong at = 2;

  g_byte_array_append (out, whole, 2);
  while (whole[at + 1] != 0xda)
    {
      guint size = 2u + (guint) (whole[at + 2] << 8 | whole[at + 3]);

      if (whole[at + 1] != 0xc4)
        g_byte_array_append (out, whole + at, size);
      at += size;
    }
  g_byte_array_append (out, whole + at, (guint) (*length - at));
  free (whole);
  *length = out->len;
  return g_byte_array_steal (out, NULL);
}

static void
assert_red_and_blue (const BhPicture *picture)
{
  const guint8 *row = picture->data + (gsize) picture->stride * (picture->height / 2);
  const guint8 *left = row + picture->width / 8 * 3, *right = row + picture->width * 7 / 8 * 3;

  g_assert_true (bh_picture_is_whole (picture));
  g_assert_cmpint (picture->kind, ==, BH_PICTURE_RGB);
  g_assert_cmpint (left[picture->red], >, 240);
  g_assert_cmpint (left[picture->blue], <, 15);
  g_assert_cmpint (right[picture->red], <, 15);
  g_assert_cmpint (right[picture->blue], >, 240);
}

static void
test_sizes (void)
{
  static const struct
  {
    guint32 width, height, comes_width, comes_height;
  } sizes[] = { { 640, 480, 640, 480 },  { 1280, 960, 640, 480 }, { 1920, 1080, 960, 540 },
                { 1279, 960, 1279, 960 }, { 320, 240, 320, 240 }, { 4096, 4096, 1024, 1024 } };
  BhJpeg *jpeg = bh_jpeg_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gulong length;
      guint8 *data = compress (sizes[i].width, sizes[i].height, FALSE, &length);
      BhPicture picture;

      g_assert_true (bh_jpeg_decode (jpeg, data, length, 640, 480, &picture));
      g_assert_cmpint (picture.width, ==, sizes[i].comes_width);
      g_assert_cmpint (picture.height, ==, sizes[i].comes_height);
      assert_red_and_blue (&picture);
      free (data);
    }
  bh_jpeg_free (jpeg);
}

static void
test_what_cameras_leave_out (void)
{
  BhJpeg *jpeg = bh_jpeg_new ();
  BhPicture picture;
  gulong length;
  guint8 *data = without_tables (640, 480, &length);

  g_assert_true (bh_jpeg_decode (jpeg, data, length, 640, 480, &picture));
  assert_red_and_blue (&picture);
  g_free (data);
  bh_jpeg_free (jpeg);
}

static void
test_what_no_camera_makes (void)
{
  BhJpeg *jpeg = bh_jpeg_new ();
  gulong length, good_length;
  guint8 *good = compress (64, 48, FALSE, &good_length), *data;
  g_autofree guint8 *long_one = g_malloc0 (BH_MAX_JPEG_BYTES + 1);
  BhPicture picture;

  g_assert_false (bh_jpeg_decode (jpeg, good, 0, 640, 480, &picture));
  g_assert_false (bh_jpeg_decode (jpeg, good, 2, 640, 480, &picture));
  g_assert_false (bh_jpeg_decode (jpeg, (const guint8 *) "no picture", 10, 640, 480, &picture));
  memcpy (long_one, good, good_length);
  g_assert_false (bh_jpeg_decode (jpeg, long_one, BH_MAX_JPEG_BYTES + 1, 640, 480, &picture));
  g_assert_true (bh_jpeg_decode (jpeg, long_one, BH_MAX_JPEG_BYTES, 640, 480, &picture));
  data = compress (64, 48, TRUE, &length);
  g_assert_false (bh_jpeg_decode (jpeg, data, length, 640, 480, &picture));
  free (data);
  data = compress (BH_MAX_JPEG_SIDE + 1, 8, FALSE, &length);
  g_assert_false (bh_jpeg_decode (jpeg, data, length, 640, 480, &picture));
  free (data);
  g_assert_true (bh_jpeg_decode (jpeg, good, good_length, 640, 480, &picture));
  assert_red_and_blue (&picture);
  free (good);
  bh_jpeg_free (jpeg);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jpeg/sizes", test_sizes);
  g_test_add_func ("/jpeg/what-cameras-leave-out", test_what_cameras_leave_out);
  g_test_add_func ("/jpeg/what-no-camera-makes", test_what_no_camera_makes);
  return g_test_run ();
}
