/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The functions behind the command table; each is in the file of its name. */
#pragma once

#include "cli.h"

#define BH_COMMAND(name)                                                                           \
  int bh_cmd_##name (BhCli *cli, const BhCommand *command, char **argv, GError **error)

BH_COMMAND (apply);
BH_COMMAND (apps);
BH_COMMAND (check);
BH_COMMAND (complete);
BH_COMMAND (console);
BH_COMMAND (create);
BH_COMMAND (delete);
BH_COMMAND (duplicate);
BH_COMMAND (export);
BH_COMMAND (frozen);
BH_COMMAND (import);
BH_COMMAND (inbox);
BH_COMMAND (list);
BH_COMMAND (log);
BH_COMMAND (open);
BH_COMMAND (quit);
BH_COMMAND (rename);
BH_COMMAND (run);
BH_COMMAND (set);
BH_COMMAND (share);
BH_COMMAND (home);
BH_COMMAND (image);
BH_COMMAND (show);
BH_COMMAND (start);
BH_COMMAND (status);
BH_COMMAND (stop);
BH_COMMAND (stop_all);
BH_COMMAND (template);
BH_COMMAND (usb);
BH_COMMAND (camera);
