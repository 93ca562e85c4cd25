/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Additional disks. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Wait for so many, some seconds at most; give each to the user as /dev/disk/by-id/virtio-ID, and mount the file
 * system that it has, if any, at /media/ID. */
void bh_more_disks_start (uint32_t expected, uid_t uid);
