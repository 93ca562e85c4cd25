/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An arena of picture memory in one memfd. */
#include "config.h"

#include "bh-region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-display.h"

#define PAGE 4096u
/* wl_shm wants offset + stride × height inside the pool although the last row uses only its pixels;
 * with this much kept at the end that follows from "the picture fits its slot". */
#define TAIL (BH_MAX_SIDE * 4u)

typedef struct
{
  guint64 offset, length;
} Range;

struct _BhRegion
{
  int fd;
  guint64 size;   /* that may be handed out */
  guint64 mapped; /* of the own region */
  guint8 *map;    /* NULL for the shared one */
  struct wl_shm_pool *pool;
  GArray *ranges; /* Range in use, sorted */
};

static BhRegion *
region_new (BhDisplay *display, int fd, guint64 bytes)
{
  BhRegion *region = g_new0 (BhRegion, 1);

  region->fd = fd;
  region->mapped = bytes;
  region->size = bytes - TAIL;
  region->pool = wl_shm_create_pool (display->shm, fd, (int32_t) bytes);
  region->ranges = g_array_new (FALSE, FALSE, sizeof (Range));
  return region;
}

BhRegion *
bh_region_new_shared (BhDisplay *display, int fd, GError **error)
{
  struct stat st;
  guint64 bytes;
  int seals = fcntl (fd, F_GET_SEALS);

  if (fstat (fd, &st) < 0 || seals < 0 || !(seals & F_SEAL_SHRINK))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "the shared region is not a memfd that is sealed against shrinking");
      close (fd);
      return NULL;
    }
  /* wl_shm counts in int32. */
  bytes = MIN ((guint64) st.st_size, (guint64) INT32_MAX) & ~(guint64) (PAGE - 1);
  if (bytes < 2 * TAIL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the shared region is too small");
      close (fd);
      return NULL;
    }
  return region_new (display, fd, bytes);
}

BhRegion *
bh_region_new_own (BhDisplay *display, GError **error)
{
  BhRegion *region;
  void *map;
  int fd = memfd_create ("bulkhead-pictures", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0 || ftruncate (fd, BH_REGION_OWN_BYTES) < 0
      || fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0
      || (map = mmap (NULL, BH_REGION_OWN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0))
             == MAP_FAILED)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no memory for pictures: %s",
                   g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  region = region_new (display, fd, BH_REGION_OWN_BYTES);
  region->map = map;
  return region;
}

void
bh_region_free (BhRegion *region)
{
  if (!region)
    return;
  wl_shm_pool_destroy (region->pool);
  if (region->map)
    munmap (region->map, region->mapped);
  close (region->fd);
  g_array_unref (region->ranges);
  g_free (region);
}

void
bh_region_limit (BhRegion *region, guint64 bytes)
{
  region->size = MIN (region->size, bytes);
}

gboolean
bh_region_alloc (BhRegion *region, guint64 length, guint64 *offset)
{
  guint64 at = 0;
  guint i;

  length = (length + PAGE - 1) & ~(guint64) (PAGE - 1);
  for (i = 0; i < region->ranges->len; i++)
    {
      const Range *range = &g_array_index (region->ranges, Range, i);

      if (range->offset - at >= length)
        break;
      at = range->offset + range->length;
    }
  if (!bh_range_fits (at, length, region->size))
    return FALSE;
  {
    Range taken = { at, length };

    g_array_insert_val (region->ranges, i, taken);
  }
  *offset = at;
  return TRUE;
}

void
bh_region_release (BhRegion *region, guint64 offset)
{
  for (guint i = 0; i < region->ranges->len; i++)
    {
      Range range = g_array_index (region->ranges, Range, i);

      if (range.offset != offset)
        continue;
      g_array_remove_index (region->ranges, i);
      /* Give the pages back, and let the next user find zeros. The shared region's pages are the
       * guest's business; what is in them was always the guest's own. */
      if (region->map)
        fallocate (region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) range.offset,
                   (off_t) range.length);
      return;
    }
}

void
bh_region_write (BhRegion *region, guint64 offset, const void *data, gsize length)
{
  g_return_if_fail (region->map && bh_range_fits (offset, length, region->mapped));
  memcpy (region->map + offset, data, length);
}

struct wl_buffer *
bh_region_create_buffer (BhRegion *region, guint64 offset, int width, int height, int stride)
{
  return wl_shm_pool_create_buffer (region->pool, (int32_t) offset, width, height, stride,
                                    WL_SHM_FORMAT_XRGB8888);
}

gboolean
bh_region_is_shared (BhRegion *region)
{
  return region->map == NULL;
}
