/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The image that a Debian template's programs are in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether this guest has one: a disk that says so. */
bool bh_image_find (char *device, size_t size);

/* Its /usr on /usr. FALSE with errno. */
bool bh_image_mount (const char *device);
