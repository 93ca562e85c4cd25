/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * System calls that a confined program does not need, and whoever took it over would. */
#pragma once

#include <stdbool.h>

/* For this process, for good. No-new-privileges has to be set. False with errno set. */
bool bh_filter_install (void);
