/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Disks, which the host names by their serial numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Put "/dev/vda" or the like into @device: the disk with that serial number. */
bool bh_disk_find (const char *serial, char *device, size_t size);

/* Also one that is on its way; false with errno when it did not come in so many seconds. */
bool bh_disk_wait (const char *serial, int seconds, char *device, size_t size);
