/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures the proxy paints itself. */
#include "config.h"

#include "bh-paint.h"

#include <sys/mman.h>
#include <unistd.h>

#include "bh-display.h"

struct _BhPaint
{
  struct wl_buffer *buffer;
  guint32 *map; /* NULL when painting is over */
  gsize size;
  gboolean busy, dropped;
};

static guint n_dropped;

guint
bh_paint_count_dropped (void)
{
  return n_dropped;
}

static void
paint_release (void *data, struct wl_buffer *buffer)
{
  BhPaint *paint = data;

  paint->busy = FALSE;
  if (paint->dropped)
    {
      n_dropped--;
      paint->dropped = FALSE;
      bh_paint_free (paint);
    }
}

static const struct wl_buffer_listener paint_listener = { .release = paint_release };

BhPaint *
bh_paint_new (BhDisplay *display, int width, int height, guint32 format, guint32 **pixels)
{
  BhPaint *paint;
  struct wl_shm_pool *pool;
  gsize size = (gsize) width * (gsize) height * 4;
  void *map;
  int fd = memfd_create ("bulkhead-paint", MFD_CLOEXEC);

  if (fd < 0)
    return NULL;
  if (ftruncate (fd, (off_t) size) < 0
      || (map = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
    {
      close (fd);
      return NULL;
    }
  paint = g_new0 (BhPaint, 1);
  paint->map = map;
  paint->size = size;
  pool = wl_shm_create_pool (display->shm, fd, (int32_t) size);
  paint->buffer = wl_shm_pool_create_buffer (pool, 0, width, height, width * 4, format);
  wl_buffer_add_listener (paint->buffer, &paint_listener, paint);
  wl_shm_pool_destroy (pool);
  close (fd);
  *pixels = paint->map;
  return paint;
}

struct wl_buffer *
bh_paint_done (BhPaint *paint)
{
  munmap (paint->map, paint->size);
  paint->map = NULL;
  paint->busy = TRUE;
  return paint->buffer;
}

void
bh_paint_drop (BhPaint *paint)
{
  if (!paint)
    return;
  if (paint->busy)
    {
      paint->dropped = TRUE;
      n_dropped++;
    }
  else
    bh_paint_free (paint);
}

void
bh_paint_free (BhPaint *paint)
{
  if (!paint)
    return;
  if (paint->map)
    munmap (paint->map, paint->size);
  wl_buffer_destroy (paint->buffer);
  g_free (paint);
}
