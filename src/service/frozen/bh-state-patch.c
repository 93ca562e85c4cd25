/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one place of a frozen guest's device state that a thawed guest cannot take as it is.
 *
 * For each block of memory the stream has: length of its name (1 byte), name, size, and with
 * x-ignore-shared the address (both 64 bit, big endian). The name of the region's is "PATH/ID". */
#include "config.h"

#include "bh-state-patch.h"

#include <string.h>

#include "bh-error.h"

#define QEMU_MAGIC 0x5145564d /* "QEVM" */

/* Where the address of the block is whose name ends at @end; NULL when no block's name ends there. */
static guint8 *
block_at (guint8 *state, gsize size, guint8 *end, guint64 region_bytes)
{
  guint64 value;

  if (end + 2 * sizeof value > state + size)
    return NULL;
  memcpy (&value, end, sizeof value);
  if (GUINT64_FROM_BE (value) != region_bytes)
    return NULL;
  for (gsize length = 1; length <= 255 && (gsize) (end - state) > length; length++)
    if (end[-(gssize) length - 1] == length && memchr (end - length, '\0', length) == NULL)
      return end + sizeof value;
  return NULL;
}

gboolean
bh_state_patch_region (guint8 *state, gsize size, const char *id, guint64 region_bytes,
                       GError **error)
{
  g_autofree char *name = g_strconcat ("/", id, NULL);
  gsize length = strlen (name);
  guint8 *found = NULL;
  guint32 magic;

  if (size < sizeof magic
      || (memcpy (&magic, state, sizeof magic), GUINT32_FROM_BE (magic)) != QEMU_MAGIC)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "QEMU has not written a state");
      return FALSE;
    }
  for (guint8 *p = state; (p = memmem (p, size - (gsize) (p - state), name, length)) != NULL; p++)
    {
      guint8 *address = block_at (state, size, p + length, region_bytes);

      if (!address)
        continue;
      if (found)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                       "QEMU's state names the shared region more than once");
          return FALSE;
        }
      found = address;
    }
  if (!found)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "QEMU's state does not name the shared region");
      return FALSE;
    }
  memset (found, 0, sizeof (guint64));
  return TRUE;
}
