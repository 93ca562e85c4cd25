/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PID 1 of every guest: kernel modules, a root in memory, the guest agent, nothing else.
 *
 * Should: be the same for every AppVM, so that a booted guest can be frozen and thawed as any of
 * them: it mounts nothing of the host's and knows no name; the agent does that when configure
 * arrives.
 * Should: say on the console why a guest cannot go on, in one line the service shows to people, and
 * power off.
 * Mustn't: end. The kernel panics when PID 1 does.
 *
 * The root is a tmpfs moved over the initramfs rather than a chroot: in a chroot, programs could
 * make no user namespaces, which browsers and bubblewrap need for their own sandboxes.
 *
 * On the kernel's command line: "bulkhead.probe" says one line and powers off (the service asks
 * whether this computer can run guests at all), "bulkhead.debug" tells when what was done. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "modules.h"

#define ROOT "/newroot"
#define LOADER "/bulkhead/lib/ld-linux-x86-64.so.2"
#define AGENT "/bulkhead/bulkhead-guest"

static bool debug;

/* What the guest has written to its disks is on them before it is switched off. */
static void
leave_disks (void)
{
  static char line[1024], device[256], where[512], type[32];
  FILE *mounts = fopen ("/proc/mounts", "re");

  if (!mounts)
    return; /* so early that there is no disk */
  while (fgets (line, sizeof line, mounts))
    if (sscanf (line, "%255s %511s %31s", device, where, type) == 3 && strcmp (type, "ext4") == 0
        && umount2 (where, 0) != 0)
      mount (NULL, where, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
  fclose (mounts);
  sync ();
}

/* All programs, so that nothing is written any more. */
static void
end_programs (void)
{
  const struct timespec moment = { .tv_nsec = 2000000 };

  kill (-1, SIGKILL);
  for (int i = 0; i < 1000 && (waitpid (-1, NULL, WNOHANG) >= 0 || errno == EINTR); i++)
    nanosleep (&moment, NULL);
}

static _Noreturn void
power_off (void)
{
  sync (); /* also what goes to folders of the host, which programs carry there */
  end_programs ();
  leave_disks ();
  fflush (stdout);
  /* What the serial port still holds would be lost. */
  fsync (STDOUT_FILENO);
  reboot (RB_POWER_OFF);
  reboot (RB_HALT_SYSTEM);
  for (;;)
    pause ();
}

static _Noreturn void
give_up (const char *what)
{
  printf ("bulkhead-init: %s: %s; powering off\n", what, strerror (errno));
  power_off ();
}

static void
tell_time (const char *step)
{
  struct timespec now;

  if (!debug)
    return;
  clock_gettime (CLOCK_MONOTONIC, &now);
  printf ("bulkhead-init: %ld.%03ld %s\n", (long) now.tv_sec, now.tv_nsec / 1000000, step);
}

static bool
has_word (const char *line, const char *word)
{
  size_t n = strlen (word);

  for (const char *p = strstr (line, word); p; p = strstr (p + 1, word))
    if ((p == line || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' ' || p[n] == '\n'))
      return true;
  return false;
}

static void
read_command_line (bool *probe)
{
  char line[4096] = "";
  int fd = open ("/proc/cmdline", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read (fd, line, sizeof line - 1) : -1;

  if (fd >= 0)
    close (fd);
  if (n < 0)
    return;
  line[n] = '\0';
  *probe = has_word (line, "bulkhead.probe");
  debug = has_word (line, "bulkhead.debug");
}

static void
make_dir (const char *path, mode_t mode)
{
  if (mkdir (path, mode) != 0 && errno != EEXIST)
    give_up (path);
  chmod (path, mode);
}

static void
mount_at (const char *type, const char *where, unsigned long flags, const char *options)
{
  if (mount (type, where, type, flags, options) != 0)
    give_up (where);
}

static void
make_root (void)
{
  static const char *const dirs[] = { "bulkhead", "dev", "etc", "home", "media", "mnt", "opt",
                                      "proc",     "run", "srv", "sys",  "usr",   "var" };
  static const char *const links[][2] = {
    { "usr/bin", ROOT "/bin" },       { "usr/sbin", ROOT "/sbin" },
    { "usr/lib", ROOT "/lib" },       { "usr/lib32", ROOT "/lib32" },
    { "usr/libx32", ROOT "/libx32" }, { "usr/lib64", ROOT "/lib64" },
  };
  char path[64];

  make_dir (ROOT, 0755);
  mount_at ("tmpfs", ROOT, MS_NOSUID | MS_NODEV, "mode=0755,size=50%");
  for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
    {
      snprintf (path, sizeof path, ROOT "/%s", dirs[i]);
      make_dir (path, 0755);
    }
  make_dir (ROOT "/root", 0700);
  make_dir (ROOT "/tmp", 01777);
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    if (symlink (links[i][0], links[i][1]) != 0)
      give_up (links[i][1]);
}

static void
mount_kernel_trees (void)
{
  static const char *const links[][2] = {
    { "/proc/self/fd", ROOT "/dev/fd" },
    { "/proc/self/fd/0", ROOT "/dev/stdin" },
    { "/proc/self/fd/1", ROOT "/dev/stdout" },
    { "/proc/self/fd/2", ROOT "/dev/stderr" },
  };

  mount_at ("proc", ROOT "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_at ("sysfs", ROOT "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_at ("devtmpfs", ROOT "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755");
  make_dir (ROOT "/dev/pts", 0755);
  mount_at ("devpts", ROOT "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666");
  make_dir (ROOT "/dev/shm", 01777);
  mount_at ("tmpfs", ROOT "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=50%");
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    if (symlink (links[i][0], links[i][1]) != 0 && errno != EEXIST)
      give_up (links[i][1]);
}

/* Our own agent and its libraries stay reachable, and nothing in the guest can change them. */
static void
bind_agent (void)
{
  if (mount ("/bulkhead", ROOT "/bulkhead", NULL, MS_BIND, NULL) != 0
      || mount (NULL, ROOT "/bulkhead", NULL,
                MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL)
             != 0)
    give_up ("/bulkhead");
}

static void
enter_root (void)
{
  if (chdir (ROOT) != 0 || mount (".", "/", NULL, MS_MOVE, NULL) != 0 || chroot (".") != 0
      || chdir ("/") != 0)
    give_up ("entering the root");
}

static void
open_console (const char *path)
{
  int fd = open (path, O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    return; /* the kernel gave us one, or there is none */
  for (int i = 0; i < 3; i++)
    dup2 (fd, i);
  if (fd > 2)
    close (fd);
}

static pid_t
start_agent (void)
{
  static char *const arguments[] = { LOADER, "--library-path", "/bulkhead/lib", AGENT, NULL };
  static char *const environment[] = {
    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin", "HOME=/root", "TERM=dumb",
    NULL
  };
  pid_t pid = fork ();
  sigset_t none;

  if (pid != 0)
    return pid;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setsid ();
  execve (LOADER, arguments, environment);
  printf ("bulkhead-init: cannot start %s: %s\n", AGENT, strerror (errno));
  fflush (stdout);
  _exit (127);
}

static _Noreturn void
reap_until_agent_ends (pid_t agent)
{
  for (;;)
    {
      int status;
      pid_t pid = waitpid (-1, &status, 0);

      if (pid < 0 && errno != EINTR)
        give_up ("waiting for the guest agent");
      if (pid != agent || !(WIFEXITED (status) || WIFSIGNALED (status)))
        continue;
      if (WIFSIGNALED (status))
        printf ("bulkhead-init: the guest agent was ended by signal %d (%s); powering off\n",
                WTERMSIG (status), strsignal (WTERMSIG (status)));
      else if (WEXITSTATUS (status) != 0)
        printf ("bulkhead-init: the guest agent ended with code %d; powering off\n",
                WEXITSTATUS (status));
      else
        printf ("bulkhead-init: the guest agent has ended; powering off\n");
      power_off ();
    }
}

int
main (void)
{
  bool probe = false;
  pid_t agent;
  sigset_t all;

  if (getpid () != 1)
    {
      fprintf (stderr, "bulkhead-init is the first program of a guest, and not for use here.\n");
      return 2;
    }
  setvbuf (stdout, NULL, _IOLBF, 0);
  /* Nobody may end or stop the guest by a signal to PID 1. */
  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, NULL);
  umask (0022);
  reboot (RB_DISABLE_CAD);

  make_dir ("/proc", 0755);
  mount_at ("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  read_command_line (&probe);
  if (probe)
    {
      printf ("BULKHEAD-PROBE-OK\n");
      power_off ();
    }
  tell_time ("started");
  make_root ();
  mount_kernel_trees ();
  open_console (ROOT "/dev/console");
  bh_modules_load ("/modules");
  tell_time ("modules loaded");
  bind_agent ();
  umount2 ("/proc", MNT_DETACH);
  enter_root ();
  agent = start_agent ();
  if (agent < 0)
    give_up ("starting the guest agent");
  tell_time ("agent started");
  reap_until_agent_ends (agent);
}
