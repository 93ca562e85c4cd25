/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Debian templates on the bus: the methods of Manager1 about them. */
#pragma once

#include "bh-manager.h"

/* Let @manager have these methods, as long as it is there. */
void bh_templates_attach (BhManager *manager);
