/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-disktool [OPTION…] -- PROGRAM [ARGUMENT…]: confines itself, then becomes qemu-img or qemu-nbd.
 *
 * They read disks that a hostile guest has written, or a QEMU that it took over, and a qcow2 file can name other
 * files: as what lies below it, or as where its data is. The service looks for that first (src/service/disk/bh-image.c,
 * home/bh-home-disk.c); here nothing of it can be followed, and a program that is taken over by what it reads has
 * nothing.
 *
 * Should: leave it its own program and libraries, the files that the options name, and the descriptors it was given.
 * Should: start nothing at all when this kernel cannot confine it.
 * Mustn't: let it read anything else of the user's, write elsewhere, execute another program, make or connect a socket,
 * signal or look into another process, or take the computer's memory, time and disk without an end.
 *
 *   -r FILE   may be read
 *   -w FILE   may be read and written; is there already
 *   -m BYTES  no file becomes larger
 *   -l        descriptor 3 is a socket that listens, for qemu-nbd (sd_listen_fds(3)), which ends when the thread does
 *             that started it: with nobody who could connect it would wait for good */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bh-filter.h"
#include "bh-landlock.h"

/* With threads of 8 MiB, and what eight pieces of a conversion need. */
#define MEMORY ((rlim_t) 2 << 30)
#define CPU_SECONDS (4 * 60 * 60)
#define DESCRIPTORS 256

__attribute__ ((format (printf, 1, 2))) static _Noreturn void
fail (const char *format, ...)
{
  va_list args;

  fputs ("bulkhead-disktool: ", stderr);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (1);
}

static void
limit (int what, rlim_t value)
{
  struct rlimit limits = { value, value };

  if (setrlimit (what, &limits) != 0)
    fail ("cannot set a limit: %s", strerror (errno));
}

static void
allow (int rules, const char *path, BhAllow what)
{
  if (!bh_landlock_allow (rules, path, what))
    fail ("cannot allow access to %s: %s", path, strerror (errno));
}

static void
allow_program (int rules, const char *program)
{
  /* The dynamic loader, libraries wherever this distribution has them, and what those read as they start. */
  static const char *const readable[] = {
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/ld.so.preload",
    "/etc/ssl/openssl.cnf", "/etc/gnutls", "/etc/crypto-policies", "/sys/devices/system/cpu",
  };

  allow (rules, program, BH_ALLOW_EXECUTE);
  bh_landlock_allow (rules, "/lib64/ld-linux-x86-64.so.2", BH_ALLOW_EXECUTE);
  bh_landlock_allow (rules, "/dev/null", BH_ALLOW_DEVICE);
  /* What is not there is not needed. */
  for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
    bh_landlock_allow (rules, readable[i], BH_ALLOW_READ);
}

static rlim_t
parse_size (const char *text)
{
  char *end;
  unsigned long long size;

  errno = 0;
  size = strtoull (text, &end, 10);
  if (*text < '0' || *text > '9' || *end || errno != 0)
    fail ("%s is not a number of bytes", text);
  return size;
}

/* For a process that keeps its id. */
static void
announce_listener (void)
{
  char pid[32];

  snprintf (pid, sizeof pid, "%d", (int) getpid ());
  if (setenv ("LISTEN_PID", pid, 1) != 0 || setenv ("LISTEN_FDS", "1", 1) != 0
      || prctl (PR_SET_PDEATHSIG, SIGKILL) != 0)
    fail ("cannot hand on the socket: %s", strerror (errno));
}

static void
set_limits (rlim_t largest)
{
  limit (RLIMIT_AS, MEMORY);
  limit (RLIMIT_CPU, CPU_SECONDS);
  limit (RLIMIT_NOFILE, DESCRIPTORS);
  limit (RLIMIT_FSIZE, largest);
  limit (RLIMIT_CORE, 0);
  /* It hears that a file is too large, and says so. */
  signal (SIGXFSZ, SIG_IGN);
}

int
main (int argc, char **argv)
{
  int rules = bh_landlock_new (), option;
  rlim_t largest = RLIM_INFINITY;

  if (rules < 0)
    fail ("this kernel has no Landlock (%s): the program would be able to read all your files. Start Linux without a "
          "parameter lsm= that leaves out landlock.",
          strerror (errno));
  while ((option = getopt (argc, argv, "+r:w:m:l")) != -1)
    switch (option)
      {
      case 'r':
        allow (rules, optarg, BH_ALLOW_READ);
        break;
      case 'w':
        allow (rules, optarg, BH_ALLOW_WRITE);
        break;
      case 'm':
        largest = parse_size (optarg);
        break;
      case 'l':
        announce_listener ();
        break;
      default:
        fail ("unknown option");
      }
  if (optind >= argc || argv[optind][0] != '/')
    fail ("no whole path of a program is given");
  allow_program (rules, argv[optind]);
  set_limits (largest);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !bh_landlock_restrict (rules)
      || !bh_filter_install (BH_LEAVE_NOTHING))
    fail ("cannot confine %s: %s", argv[optind], strerror (errno));
  close (rules);
  execv (argv[optind], argv + optind);
  fail ("cannot start %s: %s", argv[optind], strerror (errno));
}
