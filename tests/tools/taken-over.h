/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Somebody who has taken a program over, and says on standard error what works, a word each. $SECRET is a file to read,
 * $PLACE one to write. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int
can_execute (void)
{
  int status = 1;
  pid_t child = fork ();

  if (child == 0)
    {
      execl ("/usr/bin/true", "true", (char *) NULL);
      _exit (99);
    }
  return child > 0 && waitpid (child, &status, 0) == child && status == 0;
}

static void
try_all (void)
{
  static int done;

  if (done++)
    return;
  if (open ("/usr/bin/true", O_RDONLY) >= 0)
    fputs ("usr ", stderr);
  if (open (getenv ("SECRET"), O_RDONLY) >= 0)
    fputs ("secret ", stderr);
  if (open (getenv ("PLACE"), O_WRONLY | O_CREAT, 0600) >= 0)
    fputs ("write ", stderr);
  if (socket (AF_UNIX, SOCK_STREAM, 0) >= 0)
    fputs ("socket ", stderr);
  if (socket (AF_INET, SOCK_STREAM, 0) >= 0)
    fputs ("network ", stderr);
  if (kill (getppid (), 0) == 0)
    fputs ("kill ", stderr);
  if (can_execute ())
    fputs ("execute ", stderr);
}
