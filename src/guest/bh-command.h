/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From what the host asks for to a command: desktop files, terminals, and cage for X11 programs. */
#pragma once

#include "bh-desktop.h"
#include "bh-session.h"

typedef struct
{
  BhDesktopEntry entry;
  char *path; /* of the program */
  char **environment;
} BhCommand;

/* What @launch means in @session: a BH_LAUNCH_ status. @command is to be cleared in any case; @detail says
 * more about a failure, or stays NULL. */
uint32_t bh_command_resolve (const BhSession *session, const bh_msg_launch *launch,
                             BhCommand *command, char **detail);
void bh_command_clear (BhCommand *command);
