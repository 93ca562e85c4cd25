/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What configure makes of a guest that until then is like every other one.
 *
 * Should: mount what the host shares read-only, make /etc and /var in memory from its seed, and
 * make one ordinary user. Mustn't: run any program of the host's as root, mount anything that honours
 * set-user-id bits or device nodes (the guest's own /dev excepted), or let one value of configure
 * become two lines of a file. */
#include "config.h"

#include "bh-mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bh-home.h"
#include "bh-image.h"
#include "bh-scratch.h"
#include "bh-seed.h"

/* 512000 is the most virtio-9p takes; "loose" trusts the page cache, as nothing of ours writes
 * there. */
#define SHARE_OPTIONS "trans=virtio,version=9p2000.L,msize=512000,cache=loose"
#define RANDOM_DEVICE "/dev/urandom"
#define SAFE (MS_NOSUID | MS_NODEV)
/* Work of the kernel's every second or half second that a guest of this size does not need: it costs a start that
 * it falls into some milliseconds, and each idle guest its sleep. */
static const char *const idle_work[][2] = {
  { "/proc/sys/vm/compaction_proactiveness", "0" },
  { "/proc/sys/vm/stat_interval", "120" },
};

/* One configure under way: values as C strings, and where to say what failed. */
typedef struct
{
  char host[64], user[33], zone[65], machine_id[33];
  char home[48], runtime[32];
  uid_t uid;
  char *detail;
  size_t detail_size;
} Guest;

__attribute__ ((format (printf, 2, 3))) static bool
fail (Guest *guest, const char *format, ...)
{
  int saved = errno;
  int n;
  va_list args;

  va_start (args, format);
  n = vsnprintf (guest->detail, guest->detail_size, format, args);
  va_end (args);
  if (saved && n >= 0 && (size_t) n < guest->detail_size)
    snprintf (guest->detail + n, guest->detail_size - n, ": %s", strerror (saved));
  return false;
}

/* Copy @from to @to when all of it is in @allowed and it fits. */
static bool
take (const BhStr *from, char *to, size_t size, const char *allowed)
{
  if (from->len >= size)
    return false;
  for (uint32_t i = 0; i < from->len; i++)
    if (from->data[i] == '\0' || !strchr (allowed, from->data[i]))
      return false;
  memcpy (to, from->data, from->len);
  to[from->len] = '\0';
  return true;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool
read_values (Guest *guest, const bh_msg_configure *configure)
{
  errno = 0;
  if (!take (&configure->host_name, guest->host, sizeof guest->host, LOWER UPPER DIGITS "-.")
      || guest->host[0] == '-' || guest->host[0] == '.')
    return fail (guest, "The host name is not one");
  if (!take (&configure->user_name, guest->user, sizeof guest->user, LOWER DIGITS "_-")
      || guest->user[0] == '-' || strcmp (guest->user, "root") == 0
      || strcmp (guest->user, "nobody") == 0)
    return fail (guest, "The user name is not one");
  if (!take (&configure->machine_id, guest->machine_id, sizeof guest->machine_id, "abcdef" DIGITS))
    return fail (guest, "The machine id is not one");
  if (!take (&configure->time_zone, guest->zone, sizeof guest->zone, LOWER UPPER DIGITS "_+-/")
      || guest->zone[0] == '/')
    return fail (guest, "The time zone is not one");
  guest->uid = configure->uid;
  bh_mounts_home (configure, guest->home, sizeof guest->home);
  snprintf (guest->runtime, sizeof guest->runtime, "/run/user/%u", (unsigned) guest->uid);
  return true;
}

static bool
make_dir (Guest *guest, const char *path, mode_t mode, uid_t owner)
{
  if (mkdir (path, 0700) != 0 && errno != EEXIST)
    return fail (guest, "Cannot make %s", path);
  if (chown (path, owner, owner) != 0 || chmod (path, mode) != 0)
    return fail (guest, "Cannot set up %s", path);
  return true;
}

static int
open_file (const char *path, int flags)
{
  /* A file of the seed is replaced, not written through a link it may be. */
  if (!(flags & O_APPEND))
    unlink (path);
  return open (path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
}

/* Closes @fd, which is that of @path or -1. */
__attribute__ ((format (printf, 4, 5))) static bool
write_and_close (Guest *guest, int fd, const char *path, const char *format, ...)
{
  char text[512];
  int n;
  va_list args;
  bool ok;

  if (fd < 0)
    return fail (guest, "Cannot make %s", path);
  va_start (args, format);
  n = vsnprintf (text, sizeof text, format, args);
  va_end (args);
  ok = write (fd, text, n) == n;
  if (!ok)
    fail (guest, "Cannot write %s", path);
  close (fd);
  return ok;
}

/* Done before configure, which then has less to do: a guest is frozen in between. In one that is thawed under
 * emulation everything is slow the first time, because it has to be translated: ten microseconds for each piece of
 * code of the kernel's or ours that nothing has run before. */
static bool seed_unpacked, memory_mounted, loopback_started, user_made;
/* Files that configure fills, open and empty. */
enum
{
  HOST_NAME,
  HOSTS,
  MACHINE_ID,
  N_FILES
};
static const char *const file_paths[N_FILES] = { "/etc/hostname", "/etc/hosts", "/etc/machine-id" };
static int files[N_FILES] = { -1, -1, -1 };
static int random_device = -1;
/* What the seed's /etc/localtime is a link to. */
static char seed_zone[128];
/* The disk with the programs: "" when there is none, and they are this computer's. */
static char image[64];
static bool image_known;
/* The same in all guests thawed from one (bh_frozen_guest_key()). */
static bool bash, bash_known;
/* The user of all AppVMs so far (the service's bh-guest-settings.c); another one in configure is made then. */
#define USER "user"
#define UID 1000
/* /usr, and using it, by a thread that nothing else runs beside but waiting for the host. */
static pthread_t mounter;
static bool mounting, usr_mounted, warm;
/* Those of the host's kernel, over a /usr that is not the host's. */
static bool modules_mounted;
/* What bh_mounts_complete() has to do. */
static Guest unfinished;
static bool opt_missing;

/* The clock of a guest that was frozen is behind, and its random numbers are those of its siblings:
 * both come first, before anything takes a time stamp or a random number. */
static bool
set_clock_and_seed (Guest *guest, const bh_msg_configure *configure)
{
  struct timespec now = { .tv_sec = configure->time_us / 1000000,
                          .tv_nsec = configure->time_us % 1000000 * 1000 };
  struct
  {
    struct rand_pool_info info;
    uint8_t bytes[512];
  } pool = { 0 };
  bool ok;
  int fd;

  if (configure->time_us != 0 && clock_settime (CLOCK_REALTIME, &now) != 0)
    return fail (guest, "Cannot set the clock");
  if (configure->seed.len > sizeof pool.bytes)
    return fail (guest, "The random seed is too long");
  fd = random_device >= 0 ? random_device : open (RANDOM_DEVICE, O_RDWR | O_CLOEXEC);
  random_device = -1;
  if (fd < 0)
    return fail (guest, "Cannot open " RANDOM_DEVICE);
  pool.info.entropy_count = configure->seed.len * 8;
  pool.info.buf_size = configure->seed.len;
  memcpy (pool.info.buf, configure->seed.data, configure->seed.len);
  ok = ioctl (fd, RNDADDENTROPY, &pool) == 0 && ioctl (fd, RNDRESEEDCRNG) == 0;
  if (!ok)
    fail (guest, "Cannot seed the random numbers");
  explicit_bzero (&pool, sizeof pool);
  close (fd);
  return ok;
}

static bool
mount_share (Guest *guest, const char *tag, const char *where)
{
  if (mount (tag, where, "9p", MS_RDONLY | SAFE, SHARE_OPTIONS) != 0)
    return fail (guest, "Cannot mount the host's share \"%s\" on %s", tag, where);
  return true;
}

static bool
mount_memory (Guest *guest, const char *where, const char *options)
{
  if (mount ("tmpfs", where, "tmpfs", SAFE, options) != 0)
    return fail (guest, "Cannot make %s", where);
  return true;
}

/* /etc and /var of this guest's own. The share goes again: nothing in it is needed twice. */
static bool
unpack_seed (Guest *guest)
{
  if (!mount_share (guest, "seed", "/mnt"))
    return false;
  if (!bh_seed_unpack ("/mnt/seed.cpio", "/"))
    return fail (guest, "Cannot make /etc from the host's seed");
  if (umount2 ("/mnt", MNT_DETACH) != 0)
    return fail (guest, "Cannot unmount the host's seed");
  seed_unpacked = true;
  return true;
}

static bool
mount_memories (Guest *guest)
{
  memory_mounted = mount_memory (guest, "/run", "mode=0755,size=50%")
                   && mount_memory (guest, "/tmp", "mode=1777,size=50%")
                   && mount_memory (guest, "/home", "mode=0755,size=80%")
                   && make_dir (guest, "/run/lock", 01777, 0)
                   && make_dir (guest, "/run/user", 0755, 0)
                   /* root makes these, else the first X server would own them */
                   && make_dir (guest, "/tmp/.X11-unix", 01777, 0)
                   && make_dir (guest, "/tmp/.ICE-unix", 01777, 0);
  return memory_mounted;
}

static bool
start_loopback (Guest *guest)
{
  struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool ok = fd >= 0 && ioctl (fd, SIOCSIFFLAGS, &request) == 0;

  loopback_started = ok;
  if (!ok)
    fail (guest, "Cannot start the loopback interface");
  if (fd >= 0)
    close (fd);
  return ok;
}

/* Use what the first program would otherwise be the first to use: process start, the dynamic linker, the
 * session bus, fonts. All of it is the host's and the same for every AppVM. */
static void
exercise (void)
{
  static const char *const programs[][3] = {
    { "/usr/bin/env", "true", NULL },
    { "/usr/bin/dbus-daemon", "--version", NULL },
    { "/usr/bin/fc-match", "monospace", NULL },
  };

  static char *const environment[] = { "PATH=/usr/bin:/bin", "HOME=/nonexistent", NULL };

  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    {
      pid_t pid = fork ();

      if (pid == 0)
        {
          int nothing = open ("/dev/null", O_RDWR);

          dup2 (nothing, 0);
          dup2 (nothing, 1);
          dup2 (nothing, 2);
          close_range (3, ~0u, 0);
          if (setgid (UID) == 0 && setuid (UID) == 0)
            execle (programs[i][0], programs[i][0], programs[i][1], NULL, environment);
          _exit (127);
        }
      if (pid > 0)
        waitpid (pid, NULL, 0);
    }
}

/* What programs are: this computer's, or those of an image of their own with this computer's kernel. */
static bool
mount_programs (Guest *guest)
{
  if (!image_known && !bh_image_find (image, sizeof image))
    image[0] = '\0';
  image_known = true;
  if (!image[0])
    return mount_share (guest, "usr", "/usr");
  if (!bh_image_mount (image))
    return fail (guest, "Cannot mount the image of the template");
  modules_mounted = mount_share (guest, "modules", "/usr/lib/modules");
  return modules_mounted;
}

/* Not access(): that makes other credentials for itself, even when they are the same. */
static bool
look_for_bash (void)
{
  struct stat st;

  if (!bash_known)
    bash = stat ("/usr/bin/bash", &st) == 0 && S_ISREG (st.st_mode) && st.st_mode & 0111;
  bash_known = true;
  return bash;
}

static void
mount_usr (void)
{
  char detail[256] = "";
  Guest guest = { .detail = detail, .detail_size = sizeof detail };

  if (!usr_mounted)
    usr_mounted = mount_programs (&guest);
  if (usr_mounted)
    look_for_bash ();
}

static void *
mount_and_exercise (void *data)
{
  mount_usr ();
  if (usr_mounted)
    exercise ();
  return NULL;
}

static void
join (void)
{
  if (mounting)
    pthread_join (mounter, NULL);
  mounting = false;
}

/* Not in a thread: to make one takes as long as to mount. */
void
bh_mounts_expect (void)
{
  if (!warm)
    mount_usr ();
}

void
bh_mounts_unexpect (void)
{
  if (warm)
    return;
  join ();
  if (modules_mounted && umount2 ("/usr/lib/modules", 0) == 0)
    modules_mounted = false;
  if (usr_mounted && umount2 ("/usr", 0) == 0)
    usr_mounted = false;
  /* What has been paged in until now, and stays, is not missing in a thawed guest. */
  if (mlockall (MCL_CURRENT) == 0)
    munlockall ();
}

void
bh_mounts_warm_up (void)
{
  if (warm)
    return;
  warm = true;
  mounting = pthread_create (&mounter, NULL, mount_and_exercise, NULL) == 0;
}

static bool
mount_all (Guest *guest, uint32_t flags)
{
  join ();
  opt_missing = flags & BH_CONFIGURE_MOUNT_OPT && !modules_mounted;
  return (usr_mounted || mount_programs (guest))
         && (seed_unpacked || unpack_seed (guest)) && (memory_mounted || mount_memories (guest));
}

static bool
make_user (Guest *guest, bool bash)
{
  const char *shell = bash ? "/bin/bash" : "/bin/sh";
  unsigned uid = guest->uid;

  return write_and_close (guest, open_file ("/etc/passwd", 0), "/etc/passwd",
                     "root:x:0:0:root:/root:%s\n"
                     "%s:x:%u:%u:%s:%s:%s\n"
                     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
                     shell, guest->user, uid, uid, guest->user, guest->home, shell)
         && write_and_close (guest, open_file ("/etc/group", O_APPEND), "/etc/group", "%s:x:%u:\n",
                             guest->user, uid)
         && make_dir (guest, guest->home, 0700, guest->uid)
         && make_dir (guest, guest->runtime, 0700, guest->uid);
}

static bool
make_or_keep_user (Guest *guest)
{
  if (user_made && look_for_bash () && guest->uid == UID && strcmp (guest->user, USER) == 0)
    return true;
  if (user_made && strcmp (guest->user, USER) != 0)
    rmdir ("/home/" USER);
  return make_user (guest, look_for_bash ());
}

const char *
bh_mounts_get_shell (void)
{
  return look_for_bash () ? "/bin/bash" : "/bin/sh";
}

bool
bh_mounts_own (const char *name)
{
  char path[128];

  return snprintf (path, sizeof path, "/run/user/%d/%s", UID, name) < (int) sizeof path
         && chown (path, UID, UID) == 0;
}

static void
leave_out_idle_work (void)
{
  for (size_t i = 0; i < sizeof idle_work / sizeof *idle_work; i++)
    {
      int fd = open (idle_work[i][0], O_WRONLY | O_CLOEXEC);

      /* An older kernel has not all of them. */
      if (fd >= 0 && write (fd, idle_work[i][1], strlen (idle_work[i][1])) < 0)
        fprintf (stderr, "bulkhead-guest: cannot set %s\n", idle_work[i][0]);
      if (fd >= 0)
        close (fd);
    }
}

const char *
bh_mounts_prepare (void)
{
  static char runtime[32];
  char detail[256] = "";
  Guest guest = { .detail = detail, .detail_size = sizeof detail, .user = USER, .uid = UID };

  umask (0022);
  snprintf (guest.home, sizeof guest.home, "/home/%s", guest.user);
  snprintf (guest.runtime, sizeof guest.runtime, "/run/user/%u", (unsigned) guest.uid);
  unpack_seed (&guest);
  user_made = mount_memories (&guest) && seed_unpacked && make_user (&guest, true);
  start_loopback (&guest);
  leave_out_idle_work ();
  for (size_t i = 0; i < N_FILES; i++)
    files[i] = open_file (file_paths[i], 0);
  random_device = open (RANDOM_DEVICE, O_RDWR | O_CLOEXEC);
  if (readlink ("/etc/localtime", seed_zone, sizeof seed_zone - 1) < 0)
    seed_zone[0] = '\0';
  memcpy (runtime, guest.runtime, sizeof runtime);
  return user_made ? runtime : NULL;
}

/* Give up its descriptor; -1 when it cannot be made. */
static int
take_file (size_t which)
{
  int fd = files[which] >= 0 ? files[which] : open_file (file_paths[which], 0);

  files[which] = -1;
  return fd;
}

static bool
set_host_name (Guest *guest)
{
  return sethostname (guest->host, strlen (guest->host)) == 0
         || fail (guest, "Cannot set the host name");
}

static bool
write_names (Guest *guest)
{
  return write_and_close (guest, take_file (HOST_NAME), "/etc/hostname", "%s\n", guest->host)
         && write_and_close (guest, take_file (HOSTS), "/etc/hosts",
                             "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n"
                             "::1\tlocalhost ip6-localhost ip6-loopback\n",
                             guest->host)
         && write_and_close (guest, take_file (MACHINE_ID), "/etc/machine-id", "%s\n",
                             guest->machine_id);
}

/* Without a zone, or with one that this /usr does not know, the seed's own stays. */
static bool
set_time_zone (Guest *guest)
{
  char file[128];

  snprintf (file, sizeof file, "/usr/share/zoneinfo/%s", guest->zone);
  if (guest->zone[0] == '\0' || strcmp (file, seed_zone) == 0 || access (file, R_OK) != 0)
    return true;
  unlink ("/etc/localtime");
  if (symlink (file, "/etc/localtime") != 0)
    return fail (guest, "Cannot set the time zone");
  return write_and_close (guest, open_file ("/etc/timezone", 0), "/etc/timezone", "%s\n", guest->zone);
}

void
bh_mounts_home (const bh_msg_configure *configure, char *out, size_t size)
{
  snprintf (out, size, "/home/%.*s", (int) configure->user_name.len, configure->user_name.data);
}

bool
bh_mounts_have_programs (void)
{
  return access ("/usr/bin", X_OK) == 0 && access ("/usr/bin/env", X_OK) == 0;
}

static bool
mount_scratch (Guest *guest, const bh_msg_configure *configure)
{
  bool disk = configure->flags & BH_CONFIGURE_SCRATCH_DISK;
  const char *what;

  if ((!disk && configure->scratch_mib == 0)
      || bh_scratch_mount (configure->scratch_mib, disk, guest->home, guest->uid, &what))
    return true;
  return fail (guest, "%s", what);
}

static bool
mount_home (Guest *guest, const bh_msg_configure *configure)
{
  const char *what;

  if (configure->home != BH_HOME_ON_DISK || bh_home_mount (guest->home, guest->uid, &what))
    return true;
  return fail (guest, "%s", what);
}

bool
bh_mounts_apply (const bh_msg_configure *configure, char *detail, size_t size)
{
  Guest guest = { .detail = detail, .detail_size = size };
  bool good;

  detail[0] = '\0';
  umask (0022);
  good = read_values (&guest, configure) && set_clock_and_seed (&guest, configure)
         && mount_all (&guest, configure->flags) && make_or_keep_user (&guest)
         && set_host_name (&guest) && (loopback_started || start_loopback (&guest))
         && mount_scratch (&guest, configure) && mount_home (&guest, configure);
  unfinished = guest;
  return good;
}

static void
warn (bool good)
{
  if (!good)
    fprintf (stderr, "bulkhead-guest: %s\n", unfinished.detail);
}

void
bh_mounts_complete (void)
{
  char detail[256] = "";

  unfinished.detail = detail;
  unfinished.detail_size = sizeof detail;
  warn (write_names (&unfinished));
  warn (set_time_zone (&unfinished));
  warn (!opt_missing || mount_share (&unfinished, "opt", "/opt"));
  warn (bh_home_fill_disk (unfinished.home)
        || fail (&unfinished, "The home folder's file system cannot be made as large as its disk"));
  unfinished.detail = NULL;
}
