/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into bulkhead-icon: in place of the first decoder, somebody who tries what a decoder that was
 * taken over would. Says on standard error what worked, a word each. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void *gdk_pixbuf_loader_new (void);

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

void *
gdk_pixbuf_loader_new (void)
{
  static int done;
  void *(*real) (void) = (void *(*) (void)) dlsym (RTLD_NEXT, "gdk_pixbuf_loader_new");
  const char *secret = getenv ("SECRET"), *place = getenv ("PLACE");

  if (!done++)
    {
      if (open ("/usr/bin/true", O_RDONLY) >= 0)
        fputs ("usr ", stderr);
      if (open (secret, O_RDONLY) >= 0)
        fputs ("secret ", stderr);
      if (open (place, O_WRONLY | O_CREAT, 0600) >= 0)
        fputs ("write ", stderr);
      if (socket (AF_UNIX, SOCK_STREAM, 0) >= 0)
        fputs ("socket ", stderr);
      if (kill (getppid (), 0) == 0)
        fputs ("kill ", stderr);
      if (can_execute ())
        fputs ("execute ", stderr);
    }
  return real ();
}
