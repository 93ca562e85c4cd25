/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stands where QEMU would and tries what a guest that took QEMU over would try.
 *
 * Arguments: pairs of what to try and on what. A line for each: the pair, then "ok" or the errno's
 * name. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
try_open (const char *path, int flags)
{
  int fd = open (path, flags | O_CLOEXEC, 0600);
  char byte;

  if (fd < 0)
    return false;
  if ((flags & O_ACCMODE) == O_RDONLY && read (fd, &byte, 1) < 0 && errno != EISDIR)
    return false;
  close (fd);
  return true;
}

static bool
try_execute (const char *path)
{
  int status = 0;
  int report[2];
  int failed = 0;
  pid_t pid;

  if (pipe2 (report, O_CLOEXEC) != 0)
    return false;
  pid = fork ();
  if (pid == 0)
    {
      execl (path, path, (char *) NULL);
      failed = errno;
      if (write (report[1], &failed, sizeof failed) < 0)
        _exit (126);
      _exit (127);
    }
  close (report[1]);
  if (read (report[0], &failed, sizeof failed) <= 0)
    failed = 0;
  close (report[0]);
  waitpid (pid, &status, 0);
  errno = failed;
  return failed == 0;
}

/* With a socket of its own, or with one that it was left as descriptor 50. */
static bool
try_connect (const char *path, bool inherited)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = inherited ? 50 : socket (AF_UNIX, SOCK_STREAM, 0);

  strncpy (address.sun_path, path, sizeof address.sun_path - 1);
  return fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0;
}

static bool
try_tcp (const char *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (atoi (port)) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  return fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0;
}

/* Sockets of the kernel's, by their protocol. */
static bool
try_netlink (const char *protocol)
{
  return socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, atoi (protocol)) >= 0;
}

/* The region has to be there, of this size in MiB, writable, and impossible to shrink or grow. */
static bool
try_region (const char *mebibytes)
{
  struct stat st;
  int fd = open ("/proc/self/fd/199", O_RDWR | O_CLOEXEC);

  if (fd < 0 || fstat (fd, &st) != 0)
    return false;
  if (st.st_size != (off_t) atoi (mebibytes) << 20 || pwrite (fd, "x", 1, st.st_size - 1) != 1)
    return false;
  if (ftruncate (fd, 0) == 0 || ftruncate (fd, st.st_size * 2) == 0)
    return false;
  if (fcntl (fd, F_GET_SEALS) != (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW))
    return false;
  return true;
}

static bool
try_list (const char *path)
{
  DIR *dir = opendir (path);

  return dir && closedir (dir) == 0;
}

static bool
try_one (const char *what, const char *on)
{
  if (strcmp (what, "read") == 0)
    return try_open (on, O_RDONLY);
  if (strcmp (what, "write") == 0)
    return try_open (on, O_WRONLY | O_CREAT);
  if (strcmp (what, "list") == 0)
    return try_list (on);
  if (strcmp (what, "execute") == 0)
    return try_execute (on);
  if (strcmp (what, "connect") == 0)
    return try_connect (on, false);
  if (strcmp (what, "connect-inherited") == 0)
    return try_connect (on, true);
  if (strcmp (what, "netlink") == 0)
    return try_netlink (on);
  if (strcmp (what, "tcp") == 0)
    return try_tcp (on);
  if (strcmp (what, "signal") == 0)
    return kill (atoi (on), 0) == 0;
  if (strcmp (what, "signal-self") == 0)
    return kill (getpid (), 0) == 0 && syscall (SYS_tgkill, getpid (), gettid (), 0) == 0;
  if (strcmp (what, "trace") == 0)
    return ptrace (PTRACE_SEIZE, atoi (on), NULL, NULL) == 0;
  if (strcmp (what, "region") == 0)
    return try_region (on);
  if (strcmp (what, "environment") == 0)
    return getenv (on) != NULL;
  errno = EINVAL;
  return false;
}

int
main (int argc, char **argv)
{
  printf ("pid %d\n", (int) getpid ());
  for (int i = 1; i + 1 < argc; i += 2)
    {
      bool ok;

      errno = 0;
      ok = try_one (argv[i], argv[i + 1]);
      printf ("%s %s: %s\n", argv[i], argv[i + 1], ok ? "ok" : strerrorname_np (errno));
      fflush (stdout);
    }
  return 0;
}
