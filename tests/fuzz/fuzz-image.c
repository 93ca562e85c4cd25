/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzz target: whatever a file may hold that is said to be a disk image. */
#include "config.h"

#include "bh-image.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = memfd_create ("image", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  BhImage image = { 0 };

  if (fd < 0 || write (fd, data, size) != (ssize_t) size)
    abort ();
  if (bh_image_read (fd, "image", &image, &error) ? image.size == 0 || image.size % 512 != 0 : error == NULL)
    abort ();
  close (fd);
  return 0;
}
