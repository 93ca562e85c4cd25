/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The last thing before the first byte of a guest is read. */
#pragma once

#include <stdbool.h>

/* From here on: no files, no new sockets or programs; what is open can be read, written and waited for. */
bool bh_confine (void);
