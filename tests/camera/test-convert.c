/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures of every kind and of odd sizes: no byte outside of them is read, and colours stay what they are. */
#include "bh-convert.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const BhPicture kinds[] = {
  { .kind = BH_PICTURE_YUY2 },
  { .kind = BH_PICTURE_UYVY },
  { .kind = BH_PICTURE_I420 },
  { .kind = BH_PICTURE_YV12 },
  { .kind = BH_PICTURE_NV12 },
  { .kind = BH_PICTURE_RGB, .red = 0, .green = 1, .blue = 2, .step = 3 },
  { .kind = BH_PICTURE_RGB, .red = 3, .green = 2, .blue = 1, .step = 4 },
};

/* Memory whose end is the end of what may be read. */
typedef struct
{
  guint8 *pages;
  gsize size;
} Fence;

static guint8 *
fence_new (Fence *fence, gsize length)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE), whole = (length + page - 1) / page * page;

  fence->size = whole + page;
  fence->pages = mmap (NULL, fence->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (fence->pages != MAP_FAILED);
  g_assert_cmpint (mprotect (fence->pages + whole, page, PROT_NONE), ==, 0);
  return fence->pages + whole - length;
}

/* The fewest bytes a picture of that size can have. */
static gsize
smallest (BhPicture *picture)
{
  gsize width = picture->width, height = picture->height, half = (height + 1) / 2;

  switch (picture->kind)
    {
    case BH_PICTURE_YUY2:
    case BH_PICTURE_UYVY:
      picture->stride = (guint32) ((width + 1) / 2 * 4);
      return picture->stride * height;
    case BH_PICTURE_I420:
    case BH_PICTURE_YV12:
      picture->stride = (guint32) width;
      return width * height + 2 * ((width + 1) / 2) * half;
    case BH_PICTURE_NV12:
      picture->stride = (guint32) ((width + 1) / 2 * 2);
      return picture->stride * (height + half);
    case BH_PICTURE_RGB:
    default:
      picture->stride = (guint32) (width * picture->step);
      return picture->stride * height;
    }
}

static void
test_nothing_else_is_read (gconstpointer data)
{
  static const guint32 sides[] = { 1, 2, 3, 17, 320, 333, 480, 641, 1280 };
  guint8 *out = g_malloc (640 * 480 * 3 / 2);

  for (gsize w = 0; w < G_N_ELEMENTS (sides); w++)
    for (gsize h = 0; h < G_N_ELEMENTS (sides); h++)
      {
        BhPicture picture = *(const BhPicture *) data;
        Fence fence;
        gsize length;

        picture.width = sides[w];
        picture.height = sides[h];
        length = smallest (&picture);
        picture.data = fence_new (&fence, length);
        picture.length = length;
        memset ((guint8 *) picture.data, 128, length);
        g_assert_true (bh_picture_is_whole (&picture));
        bh_picture_convert (&picture, 640, 480, out);
        bh_picture_convert (&picture, 320, 240, out);
        picture.length = length - 1;
        g_assert_false (bh_picture_is_whole (&picture));
        picture.length = length;
        picture.stride--;
        g_assert_false (bh_picture_is_whole (&picture));
        munmap (fence.pages, fence.size);
      }
  g_free (out);
}

static void
test_what_is_no_picture (void)
{
  static const guint8 byte;
  BhPicture picture = { .kind = BH_PICTURE_NV12, .width = 2, .height = 2, .stride = 2,
                        .data = &byte, .length = 6 };

  g_assert_true (bh_picture_is_whole (&picture));
  picture.width = 0;
  g_assert_false (bh_picture_is_whole (&picture));
  picture.width = BH_MAX_PICTURE_SIDE + 1;
  picture.stride = G_MAXUINT32;
  picture.length = G_MAXSIZE;
  g_assert_false (bh_picture_is_whole (&picture));
}

static void
test_colours (void)
{
  /* BT.601 in limited range, as GStreamer's colour bars have them. */
  static const struct
  {
    guint8 rgb[3], yuv[3];
  } colours[] = { { { 0, 0, 0 }, { 16, 128, 128 } },       { { 255, 255, 255 }, { 235, 128, 128 } },
                  { { 255, 0, 0 }, { 82, 90, 240 } },      { { 0, 255, 0 }, { 145, 54, 34 } },
                  { { 0, 0, 255 }, { 41, 240, 110 } } };
  guint8 pixels[16 * 12 * 3], out[16 * 12 * 3 / 2];

  for (gsize i = 0; i < G_N_ELEMENTS (colours); i++)
    {
      BhPicture picture = kinds[5];

      for (gsize at = 0; at < sizeof pixels; at++)
        pixels[at] = colours[i].rgb[at % 3];
      picture.width = 16;
      picture.height = 12;
      picture.stride = 48;
      picture.data = pixels;
      picture.length = sizeof pixels;
      bh_picture_convert (&picture, 16, 12, out);
      g_assert_cmpint (ABS (out[0] - colours[i].yuv[0]), <=, 1);
      g_assert_cmpint (ABS (out[16 * 12] - colours[i].yuv[1]), <=, 1);
      g_assert_cmpint (ABS (out[16 * 12 * 5 / 4] - colours[i].yuv[2]), <=, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/convert/nothing-else-is-read/%" G_GSIZE_FORMAT, i);

      g_test_add_data_func (path, &kinds[i], test_nothing_else_is_read);
    }
  g_test_add_func ("/convert/what-is-no-picture", test_what_is_no_picture);
  g_test_add_func ("/convert/colours", test_colours);
  return g_test_run ();
}
