/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A guest's root that means no good, in the agent of a test's AppVM: whoever connects to the abstract socket
 * "bulkhead-test-root" inside it and sends a Python program gets what that prints. */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "bulkhead-test-root"
#define PYTHON "/usr/bin/python3"

static void
serve (int listener)
{
  static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

  for (;;)
    {
      int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);

      if (fd < 0 || fork () != 0)
        {
          close (fd);
          continue;
        }
      signal (SIGCHLD, SIG_DFL);
      dup2 (fd, STDIN_FILENO);
      dup2 (fd, STDOUT_FILENO);
      dup2 (fd, STDERR_FILENO);
      execle (PYTHON, "python3", "-", NULL, environment);
      _exit (127);
    }
}

/* Before main(): the agent does not know of it. */
__attribute__ ((constructor)) static void
begin (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  memcpy (address.sun_path + 1, NAME, strlen (NAME));
  if (listener < 0
      || bind (listener, (struct sockaddr *) &address,
               (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + strlen (NAME)))
             != 0
      || listen (listener, 8) != 0)
    return;
  if (fork () == 0)
    {
      signal (SIGCHLD, SIG_IGN);
      serve (listener);
    }
  close (listener);
}
