/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where programs write what is gone at the stop, with a limit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * bh_scratch_mount:
 * @mib: at most so much; not for a disk, which has its size
 * @disk: on the disk that is on its way, else in memory
 * @home: the user's home folder, made anew there
 * @what: out: what could not be done; errno says why
 *
 * One file system below /tmp, /var/tmp and /home, so that one limit is for all.
 */
bool bh_scratch_mount (uint32_t mib, bool disk, const char *home, uid_t uid, const char **what);
