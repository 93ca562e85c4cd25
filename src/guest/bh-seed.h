/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The seed of /etc and /var. */
#pragma once

#include <stdbool.h>

/* Unpack the cpio archive ("newc") @file under @folder. What it holds replaces what is there; names
 * that lead out of etc and var end it. False with errno set. */
bool bh_seed_unpack (const char *file, const char *folder);
