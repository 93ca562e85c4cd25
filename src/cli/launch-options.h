/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of this session the service has to know to show windows in it. */
#pragma once

#include <glib.h>

/* Adds "display" and, with @token, "activation-token" as far as the environment has them. */
void bh_cli_add_display (GVariantBuilder *options, gboolean token);
