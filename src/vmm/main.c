/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What libvirt starts as an AppVM's emulator: it confines itself, then becomes QEMU.
 *
 * Should: leave QEMU no more than this AppVM needs. It may read its own program and libraries, the
 * kernel, initramfs and trees that the domain names, and write the trees that the domain names, if
 * any; libvirt opens all sockets and logs for it.
 * Should: start nothing at all when this kernel cannot confine it.
 * Mustn't: let QEMU read anything else of the user's, execute another program, connect to anything
 * (the session bus above all), signal or look into another process.
 * Mustn't: parse what QEMU is told, beyond finding two paths of libvirt's own in it, and one -S.
 *
 * Orders come in the environment, from <qemu:env> of the domain (src/service/boot/bh-domain-xml.c):
 *   BULKHEAD_VMM_QEMU        what to become; default /usr/bin/qemu-system-x86_64
 *   BULKHEAD_VMM_READ        ":"-separated files and trees
 *   BULKHEAD_VMM_WRITE       the same
 *   BULKHEAD_VMM_PIDFILE     gets our pid, which QEMU keeps
 *   BULKHEAD_VMM_REGION_MIB  size of the shared region: a memfd "bulkhead-region" on descriptor
 *                            199, sealed so that neither side can shrink it under the other. The
 *                            service opens it through /proc/PID/fd; no other user can, unlike a
 *                            file in /dev/shm made by libvirt.
 *   BULKHEAD_VMM_RAM_MIB     a guest that is going to be frozen: its memory is a memfd
 *                            "bulkhead-ram" of this size on descriptor 198, for the service to
 *                            take and seal when QEMU has ended. It yields to everything else.
 *   BULKHEAD_VMM_RAM         a guest that is thawed: the frozen guest's memory, as a path
 *                            /proc/PID/fd/N of the service's: descriptor 198. Refused
 *                            unless nobody can ever write to it again: QEMU discards memory by
 *                            punching holes into the file, which private mappings of other guests
 *                            would see.
 *   BULKHEAD_VMM_STATE       with it: the frozen guest's device state, the same way: descriptor 195.
 *                            QEMU loads it by itself (-incoming) and goes on at once; libvirt has
 *                            it wait (-S) until it has asked all it wants to know, which is kept
 *                            from QEMU.
 *   BULKHEAD_VMM_BASE        an image that is read, as such a path; it becomes descriptor 197
 *   BULKHEAD_VMM_TOP         a disk that is written, the same way: descriptor 196
 *
 * Without BULKHEAD_VMM_READ it is libvirt asking what QEMU can do: no guest runs, so QEMU gets to
 * make its monitor socket in the folder libvirt made for that, and no filter on system calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-filter.h"
#include "bh-landlock.h"

#define DEFAULT_QEMU "/usr/bin/qemu-system-x86_64"
#define REGION_FD 199 /* BH_DOMAIN_REGION_FD */
#define RAM_FD 198    /* BH_DOMAIN_RAM_FD */
#define BASE_FD 197   /* BH_DOMAIN_BASE_FD */
#define TOP_FD 196    /* BH_DOMAIN_TOP_FD */
#define STATE_FD 195  /* BH_DOMAIN_STATE_FD */
#define MAX_REGION_MIB 4096
#define MAX_RAM_MIB 1048576
#define RAM_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

__attribute__ ((format (printf, 1, 2))) static _Noreturn void
fail (const char *format, ...)
{
  va_list args;

  fputs ("bulkhead-vmm: ", stderr);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (1);
}

/* Take an order out of the environment: QEMU has no use for it. */
static char *
take_order (const char *name)
{
  const char *value = getenv (name);
  char *copy = value && value[0] ? strdup (value) : NULL;

  unsetenv (name);
  return copy;
}

static unsigned long
parse_size (const char *name, const char *size, unsigned long max)
{
  char *end;
  unsigned long mib = strtoul (size, &end, 10);

  if (*end || mib < 1 || mib > max)
    fail ("%s is not 1 to %lu: %s", name, max, size);
  return mib;
}

/* @fd goes on to QEMU as @number. */
static void
hand_on (int fd, int number, const char *what)
{
  if (fd == number)
    {
      if (fcntl (fd, F_SETFD, 0) != 0)
        fail ("cannot hand on %s: %s", what, strerror (errno));
      return;
    }
  if (fcntl (number, F_GETFD) >= 0)
    fail ("descriptor %d is taken", number);
  if (dup2 (fd, number) < 0)
    fail ("cannot hand on %s: %s", what, strerror (errno));
  close (fd);
}

static void
make_region (const char *size)
{
  unsigned long mib = parse_size ("BULKHEAD_VMM_REGION_MIB", size, MAX_REGION_MIB);
  int fd = memfd_create ("bulkhead-region", MFD_ALLOW_SEALING | MFD_CLOEXEC);

  if (fd < 0 || ftruncate (fd, (off_t) mib << 20) != 0
      || fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    fail ("cannot make the shared region: %s", strerror (errno));
  hand_on (fd, REGION_FD, "the shared region");
}

static void
make_ram (const char *size)
{
  unsigned long mib = parse_size ("BULKHEAD_VMM_RAM_MIB", size, MAX_RAM_MIB);
  int fd = memfd_create ("bulkhead-ram", MFD_ALLOW_SEALING | MFD_CLOEXEC);

  if (fd < 0 || ftruncate (fd, (off_t) mib << 20) != 0)
    fail ("cannot make the memory: %s", strerror (errno));
  hand_on (fd, RAM_FD, "the memory");
  /* Nobody waits for a guest that is going to be frozen. */
  setpriority (PRIO_PROCESS, 0, 19);
}

/* @unit: its size is some of these */
static void
take_frozen (const char *path, int number, const char *what, off_t unit)
{
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC), seals;

  if (fd < 0 || fstat (fd, &st) != 0)
    fail ("cannot use the frozen %s %s: %s", what, path, strerror (errno));
  seals = S_ISREG (st.st_mode) ? fcntl (fd, F_GET_SEALS) : -1;
  if (seals < 0 || (seals & RAM_SEALS) != RAM_SEALS || st.st_size == 0 || st.st_size % unit != 0)
    fail ("the frozen %s %s is not sealed against writing", what, path);
  hand_on (fd, number, what);
}

static void
drop_stop (int *argc, char **argv)
{
  int kept = 1;

  for (int i = 1; i < *argc; i++)
    if (strcmp (argv[i], "-S") != 0)
      argv[kept++] = argv[i];
  argv[kept] = NULL;
  *argc = kept;
}

static void
take_disk (const char *path, int flags, int number)
{
  struct stat st;
  int fd = open (path, flags | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0 || fstat (fd, &st) != 0)
    fail ("cannot use the disk %s: %s", path, strerror (errno));
  if (!S_ISREG (st.st_mode))
    fail ("the disk %s is not a file", path);
  hand_on (fd, number, "a disk");
}

static void
write_pid (const char *path)
{
  char temporary[4096], text[32];
  int n = snprintf (temporary, sizeof temporary, "%s.%d", path, (int) getpid ()), fd;

  if (n < 0 || (size_t) n >= sizeof temporary)
    fail ("the name of the pid file is too long");
  n = snprintf (text, sizeof text, "%d\n", (int) getpid ());
  unlink (temporary);
  fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 || write (fd, text, n) != n || close (fd) != 0 || rename (temporary, path) != 0)
    {
      int saved = errno;

      unlink (temporary);
      fail ("cannot write %s: %s", path, strerror (saved));
    }
}

static void
allow (int rules, const char *path, BhAllow what)
{
  if (!bh_landlock_allow (rules, path, what))
    fail ("cannot allow access to %s: %s", path, strerror (errno));
}

static void
allow_list (int rules, char *list, BhAllow what)
{
  char *position = NULL;

  for (char *path = list ? strtok_r (list, ":", &position) : NULL; path;
       path = strtok_r (NULL, ":", &position))
    allow (rules, path, what);
}

static void
allow_qemu (int rules, const char *qemu)
{
  static const struct
  {
    const char *path;
    BhAllow what;
  } common[] = {
    /* the dynamic loader and libraries, wherever this distribution has them */
    { "/lib64/ld-linux-x86-64.so.2", BH_ALLOW_EXECUTE },
    { "/lib", BH_ALLOW_READ },
    { "/lib64", BH_ALLOW_READ },
    { "/usr/lib", BH_ALLOW_READ },
    { "/usr/lib64", BH_ALLOW_READ },
    { "/usr/local/lib", BH_ALLOW_READ },
    { "/etc/ld.so.cache", BH_ALLOW_READ },
    { "/etc/ld.so.preload", BH_ALLOW_READ },
    { "/etc/localtime", BH_ALLOW_READ },
    { "/usr/share/zoneinfo", BH_ALLOW_READ },
    { "/etc/ssl/openssl.cnf", BH_ALLOW_READ }, /* libcrypto's start-up */
    { "/etc/gnutls", BH_ALLOW_READ },
    { "/etc/crypto-policies", BH_ALLOW_READ },
    /* firmware */
    { "/usr/share/qemu", BH_ALLOW_READ },
    { "/usr/share/qemu-kvm", BH_ALLOW_READ },
    { "/usr/share/seabios", BH_ALLOW_READ },
    { "/usr/share/seavgabios", BH_ALLOW_READ },
    { "/usr/share/ipxe", BH_ALLOW_READ },
    /* what this computer is like */
    { "/proc/self", BH_ALLOW_READ },
    { "/proc/cpuinfo", BH_ALLOW_READ },
    { "/proc/meminfo", BH_ALLOW_READ },
    { "/proc/stat", BH_ALLOW_READ },
    { "/sys/devices/system", BH_ALLOW_READ },
    { "/sys/kernel/mm", BH_ALLOW_READ },
    { "/sys/module/kvm", BH_ALLOW_READ },
    { "/sys/module/kvm_intel", BH_ALLOW_READ },
    { "/sys/module/kvm_amd", BH_ALLOW_READ },
    { "/dev/null", BH_ALLOW_DEVICE },
    { "/dev/zero", BH_ALLOW_DEVICE },
    { "/dev/random", BH_ALLOW_DEVICE },
    { "/dev/kvm", BH_ALLOW_DEVICE },
    { "/dev/ptmx", BH_ALLOW_DEVICE },
    { "/dev/pts", BH_ALLOW_DEVICE },
  };

  allow (rules, qemu, BH_ALLOW_EXECUTE);
  for (size_t i = 0; i < sizeof common / sizeof *common; i++)
    if (!bh_landlock_allow (rules, common[i].path, common[i].what) && errno != ENOENT
        && errno != EACCES && errno != ENOTDIR)
      fail ("cannot allow access to %s: %s", common[i].path, strerror (errno));
}

/* The folder of the path that starts at @path and ends before one of @stops. */
static void
allow_folder_of (int rules, const char *path, size_t length, BhAllow what)
{
  char folder[4096], *slash;

  if (length == 0 || length >= sizeof folder || path[0] != '/')
    return;
  memcpy (folder, path, length);
  folder[length] = '\0';
  slash = strrchr (folder, '/');
  if (slash == folder)
    return;
  *slash = '\0';
  allow (rules, folder, what);
}

/* libvirt's own folders: the one with the key that encrypts secrets on their way to QEMU, and when
 * it asks what QEMU can do, the one for the monitor's socket and the pid file. */
static void
allow_libvirt (int rules, int argc, char **argv, bool probing)
{
  static const char key[] = "/master-key.aes";

  for (int i = 1; i < argc; i++)
    {
      const char *found = strstr (argv[i], key), *start;

      if (found)
        {
          for (start = found; start > argv[i] && start[-1] != '"' && start[-1] != '='; start--)
            ;
          allow_folder_of (rules, start, found - start + sizeof key - 1, BH_ALLOW_READ);
        }
      else if (probing && i > 1 && strcmp (argv[i - 1], "-qmp") == 0
               && strncmp (argv[i], "unix:", 5) == 0)
        allow_folder_of (rules, argv[i] + 5, strcspn (argv[i] + 5, ","), BH_ALLOW_WRITE);
      else if (probing && i > 1 && strcmp (argv[i - 1], "-pidfile") == 0)
        allow_folder_of (rules, argv[i], strlen (argv[i]), BH_ALLOW_WRITE);
    }
}

int
main (int argc, char **argv)
{
  const struct rlimit no_core = { 0, 0 };
  char *qemu = take_order ("BULKHEAD_VMM_QEMU"), *readable = take_order ("BULKHEAD_VMM_READ");
  char *writable = take_order ("BULKHEAD_VMM_WRITE");
  char *pid_file = take_order ("BULKHEAD_VMM_PIDFILE");
  char *region = take_order ("BULKHEAD_VMM_REGION_MIB");
  char *ram_size = take_order ("BULKHEAD_VMM_RAM_MIB"), *ram = take_order ("BULKHEAD_VMM_RAM");
  char *state = take_order ("BULKHEAD_VMM_STATE");
  char *base = take_order ("BULKHEAD_VMM_BASE"), *top = take_order ("BULKHEAD_VMM_TOP");
  const bool probing = readable == NULL;
  int rules;

  if (qemu == NULL)
    qemu = strdup (DEFAULT_QEMU);
  if (qemu == NULL || qemu[0] != '/')
    fail ("BULKHEAD_VMM_QEMU is not an absolute path");
  if (access (qemu, X_OK) != 0)
    fail ("QEMU is missing: cannot use %s: %s", qemu, strerror (errno));
  if (region)
    make_region (region);
  if (ram_size && ram)
    fail ("a guest is to be frozen or thawed, not both");
  if (ram_size)
    make_ram (ram_size);
  if (!ram != !state)
    fail ("a guest is thawed from its memory and its state, not from one of them");
  if (ram)
    {
      take_frozen (ram, RAM_FD, "memory", 1 << 20);
      take_frozen (state, STATE_FD, "state", 1);
      drop_stop (&argc, argv);
    }
  if (base)
    take_disk (base, O_RDONLY, BASE_FD);
  if (top)
    take_disk (top, O_RDWR, TOP_FD);
  if (pid_file)
    write_pid (pid_file);

  /* A core file would hold the guest's memory. */
  setrlimit (RLIMIT_CORE, &no_core);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    fail ("cannot give up new privileges: %s", strerror (errno));
  rules = bh_landlock_new ();
  if (rules < 0 && !probing)
    fail ("this kernel has no Landlock (%s): it would let the virtual machine's process read all "
          "your files. Start Linux without a parameter lsm= that leaves out landlock.",
          strerror (errno));
  if (rules >= 0)
    {
      allow_qemu (rules, qemu);
      allow_list (rules, readable, BH_ALLOW_READ);
      allow_list (rules, writable, BH_ALLOW_WRITE);
      allow_libvirt (rules, argc, argv, probing);
      if (!bh_landlock_restrict (rules))
        fail ("cannot confine QEMU: %s", strerror (errno));
      close (rules);
    }
  if (!probing && !bh_filter_install (BH_LEAVE_DEVICE_EVENTS))
    fail ("cannot filter system calls: %s", strerror (errno));

  argv[0] = qemu;
  execv (qemu, argv);
  fail ("cannot start %s: %s", qemu, strerror (errno));
}
