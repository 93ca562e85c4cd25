/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent: puts channel, programs and Wayland server together and answers the control messages. */
#pragma once

#include <stdbool.h>

typedef struct
{
  bool pair;
  int channel_fd, region_fd; /* or -1 */
  const char *port;          /* instead of channel_fd */
  const char *runtime_dir;
  const char *media; /* bulkhead-media, which has the sound devices */
} BhAgentOptions;

/* Runs until the host says shutdown or, in pair mode, goes away. An exit code. */
int bh_agent_run (const BhAgentOptions *options);
