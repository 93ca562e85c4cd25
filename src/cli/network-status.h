/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What “bulkheadctl status NAME” says about an AppVM's network. */
#pragma once

#include "cli.h"

/* aa{sv} as Vm1.ReadNetwork gives it. */
GVariant *bh_cli_read_network (BhCli *cli, const BhVmInfo *info, GError **error);

/* Its interfaces and peers as tables; nothing when there are none. */
void bh_cli_print_network (GVariant *interfaces);
