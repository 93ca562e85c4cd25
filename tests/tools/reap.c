/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reap [-q] COMMAND…: runs a command as the parent of every process it leaves behind.
 *
 * Daemons such as libvirtd and QEMU detach themselves and so become children of PID 1. Where that
 * one reaps late or never (containers), libvirt waits seconds for a QEMU that is long dead. Here
 * they become our children and are reaped at once. When the command has ended, what is still
 * running is named on stderr (not with -q) and ended. The exit status is the command's.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 5000

static pid_t command_pid;

static void
pass_on (int sig)
{
  if (command_pid > 0)
    kill (command_pid, sig);
}

/* Calls @sig for every direct child (0: only counts), naming each when @name_them. */
static int
signal_children (int sig, bool name_them)
{
  DIR *proc = opendir ("/proc");
  struct dirent *entry;
  int count = 0;

  while (proc && (entry = readdir (proc)))
    {
      char path[64], line[512], *end;
      int parent;
      FILE *file;

      if (!isdigit ((unsigned char) entry->d_name[0]))
        continue;
      snprintf (path, sizeof path, "/proc/%.20s/stat", entry->d_name);
      file = fopen (path, "re");
      if (!file)
        continue;
      end = fgets (line, sizeof line, file) ? strrchr (line, ')') : NULL;
      fclose (file);
      /* "pid (name) state parent …": the name itself may hold parentheses. */
      if (!end || sscanf (end + 1, " %*c %d", &parent) != 1 || parent != getpid ())
        continue;
      count++;
      if (name_them)
        {
          end[1] = '\0';
          fprintf (stderr, "reap: left running: %s\n", line);
        }
      if (sig)
        kill (atoi (entry->d_name), sig);
    }
  if (proc)
    closedir (proc);
  return count;
}

static void
end_children (bool name_them)
{
  struct timespec pause = { 0, 20 * 1000 * 1000 };

  signal_children (SIGTERM, name_them);
  for (int waited = 0;; waited += 20)
    {
      while (waitpid (-1, NULL, WNOHANG) > 0)
        ;
      /* Grandchildren arrive as their parents end, so count anew each time. */
      if (signal_children (waited >= GRACE_MS ? SIGKILL : waited % 1000 ? 0 : SIGTERM, false) == 0)
        return;
      nanosleep (&pause, NULL);
    }
}

int
main (int argc, char **argv)
{
  int status = 0;
  bool quiet = argc > 1 && strcmp (argv[1], "-q") == 0;
  pid_t pid;

  if (quiet)
    {
      argc--;
      argv++;
    }
  if (argc < 2)
    {
      fprintf (stderr, "usage: reap [-q] COMMAND [ARGUMENT]…\n");
      return 2;
    }
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  signal (SIGTERM, pass_on);
  signal (SIGHUP, pass_on);
  /* Ctrl+C reaches the command by itself; we stay to clean up. */
  signal (SIGINT, SIG_IGN);
  command_pid = fork ();
  if (command_pid < 0)
    {
      perror ("reap: fork");
      return 1;
    }
  if (command_pid == 0)
    {
      signal (SIGINT, SIG_DFL);
      execvp (argv[1], argv + 1);
      fprintf (stderr, "reap: %s: %s\n", argv[1], strerror (errno));
      _exit (127);
    }
  for (;;)
    {
      int one;

      pid = waitpid (-1, &one, 0);
      if (pid == command_pid)
        {
          status = one;
          break;
        }
      if (pid < 0 && errno != EINTR)
        break;
    }
  command_pid = 0;
  end_children (!quiet);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}
