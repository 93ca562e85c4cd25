/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Giving up what bulkhead-screen does not need. */
#pragma once

#include <stdbool.h>

/* For this process, for good. False with errno set. */
bool bh_confine (void);
