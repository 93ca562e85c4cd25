/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The user's home on a disk of its own. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * bh_home_mount:
 * @where: the home folder, which is there
 * @what: out: what could not be done, without a final stop; errno says why
 *
 * Wait for the disk and mount it, and make its files the user's when it is new.
 */
bool bh_home_mount (const char *where, uid_t uid, const char **what);

/* The disk may have grown since the last time: make its file system as large. True when there is none; else errno
 * says why not. */
bool bh_home_fill_disk (const char *where);
