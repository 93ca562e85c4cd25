/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Self-confinement of the proxy.
 *
 * Theory of operation: the proxy reads what a hostile guest wrote, so it gives up, before the first
 * such byte, all it does not need. It keeps: the descriptors it has (compositor, service, guest,
 * region, log), memory, clocks, threads of its own (GDBus), new memfds for frames, and reading
 * fonts and cursor themes, since a title in another script and another screen scale need files that
 * were not needed before.
 *
 * Should: lose sockets, exec, fork, ptrace, signals to others, writing or making files, executable
 * memory. Mustn't: be loosened at run time, or depend on the environment (except in sanitizer
 * builds, which need more system calls for their reports). */
#include "config.h"

#include "bh-isolate.h"

#include "bh-landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_UNDEFINED__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Own picture memory (BH_REGION_OWN_BYTES) is the largest file there is. */
#define MAX_FILE (128u << 20)
#define MAX_FILES 256

static gboolean
set_limits (GError **error)
{
  const struct
  {
    int resource;
    rlim_t limit;
  } limits[] = {
    { RLIMIT_CORE, 0 },
    { RLIMIT_FSIZE, MAX_FILE },
    { RLIMIT_NOFILE, MAX_FILES },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      struct rlimit limit = { limits[i].limit, limits[i].limit };

      if (setrlimit (limits[i].resource, &limit) < 0)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "setrlimit: %s",
                       g_strerror (errno));
          return FALSE;
        }
    }
  return TRUE;
}

/* Where fonts and cursor themes are: fontconfig's and libXcursor's own folders. */
static char **
readable_folders (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *home = g_get_home_dir (), *cursors = g_getenv ("XCURSOR_PATH");
  static const char *const fixed[] = {
    "/usr/share/fonts",       "/usr/local/share/fonts", "/etc/fonts",
    "/usr/share/fontconfig",  "/var/cache/fontconfig",  "/usr/share/icons",
    "/usr/local/share/icons", "/usr/share/pixmaps",
  };
  static const char *const in_home[] = { ".fonts", ".icons" };
  static const char *const in_data[] = { "fonts", "icons" };

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    g_strv_builder_add (builder, fixed[i]);
  for (gsize i = 0; home && i < G_N_ELEMENTS (in_home); i++)
    {
      g_autofree char *path = g_build_filename (home, in_home[i], NULL);

      g_strv_builder_add (builder, path);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (in_data); i++)
    {
      g_autofree char *path = g_build_filename (g_get_user_data_dir (), in_data[i], NULL);

      g_strv_builder_add (builder, path);
    }
  {
    g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "fontconfig", NULL);
    g_autofree char *config = g_build_filename (g_get_user_config_dir (), "fontconfig", NULL);

    g_strv_builder_add_many (builder, cache, config, NULL);
  }
  if (cursors)
    {
      g_auto (GStrv) paths = g_strsplit (cursors, ":", 16);

      for (gsize i = 0; paths[i]; i++)
        if (g_path_is_absolute (paths[i]) && strcmp (paths[i], "/") != 0)
          g_strv_builder_add (builder, paths[i]);
    }
  return g_strv_builder_end (builder);
}

/* FALSE with errno when the kernel has no Landlock. */
static gboolean
restrict_files (char **readable)
{
  int rules = bh_landlock_new ();
  gboolean done;

  if (rules < 0)
    return FALSE;
  /* What does not exist needs no permission. */
  for (gsize i = 0; readable[i]; i++)
    bh_landlock_allow (rules, readable[i], BH_ALLOW_READ);
  done = bh_landlock_restrict (rules);
  close (rules);
  return done;
}

gboolean
bh_isolate_early (GError **error)
{
  g_auto (GStrv) readable = readable_folders ();

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no_new_privs: %s", g_strerror (errno));
      return FALSE;
    }
#ifndef SANITIZED
  /* No ptrace by other processes of the user, and no core. */
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  if (!set_limits (error))
    return FALSE;
  if (!restrict_files (readable))
    g_warning ("this kernel has no Landlock (%s): the proxy is confined by its system calls only",
               g_strerror (errno));
  return TRUE;
}

/* Allowed whatever the arguments. */
static const int allowed[] = {
  /* descriptors that are open */
  SCMP_SYS (read),
  SCMP_SYS (readv),
  SCMP_SYS (pread64),
  SCMP_SYS (write),
  SCMP_SYS (writev),
  SCMP_SYS (recvmsg),
  SCMP_SYS (recvfrom),
  SCMP_SYS (sendmsg),
  SCMP_SYS (sendto),
  SCMP_SYS (shutdown),
  SCMP_SYS (getsockopt),
  SCMP_SYS (setsockopt),
  SCMP_SYS (getsockname),
  SCMP_SYS (getpeername),
  SCMP_SYS (poll),
  SCMP_SYS (ppoll),
  SCMP_SYS (lseek),
  SCMP_SYS (close),
  SCMP_SYS (fcntl),
  SCMP_SYS (fstat),
  SCMP_SYS (fstatfs),
  SCMP_SYS (dup),
  SCMP_SYS (eventfd2),
  SCMP_SYS (pipe2),
  /* memory for pictures */
  SCMP_SYS (memfd_create),
  SCMP_SYS (ftruncate),
  SCMP_SYS (fallocate),
  /* looking for fonts and cursors */
  SCMP_SYS (stat),
  SCMP_SYS (lstat),
  SCMP_SYS (newfstatat),
  SCMP_SYS (statx),
  SCMP_SYS (statfs),
  SCMP_SYS (access),
  SCMP_SYS (faccessat),
  SCMP_SYS (faccessat2),
  SCMP_SYS (readlink),
  SCMP_SYS (readlinkat),
  SCMP_SYS (getdents64),
  SCMP_SYS (getcwd),
  SCMP_SYS (fadvise64),
  /* memory */
  SCMP_SYS (brk),
  SCMP_SYS (munmap),
  SCMP_SYS (mremap),
  SCMP_SYS (madvise),
  SCMP_SYS (membarrier),
  /* threads and time */
  SCMP_SYS (futex),
  SCMP_SYS (set_robust_list),
  SCMP_SYS (rseq),
  SCMP_SYS (sched_yield),
  SCMP_SYS (sched_getaffinity),
  SCMP_SYS (sched_getattr),
  SCMP_SYS (clock_gettime),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (nanosleep),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (sigaltstack),
  SCMP_SYS (restart_syscall),
  SCMP_SYS (exit),
  SCMP_SYS (exit_group),
  /* about oneself */
  SCMP_SYS (getpid),
  SCMP_SYS (gettid),
  SCMP_SYS (getppid),
  SCMP_SYS (getuid),
  SCMP_SYS (geteuid),
  SCMP_SYS (getgid),
  SCMP_SYS (getegid),
  SCMP_SYS (getrandom),
  SCMP_SYS (uname),
  SCMP_SYS (sysinfo),
  SCMP_SYS (getrusage),
};

static int
add_conditional (scmp_filter_ctx ctx)
{
  const unsigned write_flags = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  int r = 0;

  /* Reading files only; which, Landlock says. */
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (openat), 1,
                         SCMP_A2 (SCMP_CMP_MASKED_EQ, write_flags, 0));
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (open), 1,
                         SCMP_A1 (SCMP_CMP_MASKED_EQ, write_flags, 0));
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (mmap), 1,
                         SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (mprotect), 1,
                         SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  /* Threads, not processes. glibc falls back to clone, whose flags can be seen, when there is no
   * clone3. */
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (clone), 1,
                         SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  r |= seccomp_rule_add (ctx, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (prctl), 1,
                         SCMP_A0 (SCMP_CMP_EQ, PR_SET_NAME));
#ifdef PR_SET_VMA
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (prctl), 1,
                         SCMP_A0 (SCMP_CMP_EQ, PR_SET_VMA));
#endif
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (ioctl), 1, SCMP_A1 (SCMP_CMP_EQ, FIONREAD));
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (ioctl), 1, SCMP_A1 (SCMP_CMP_EQ, TCGETS));
  /* abort () */
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (tgkill), 1,
                         SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) getpid ()));
  /* GLib wants to give new threads the priority of the first, which they have: say yes, do nothing.
   */
  r |= seccomp_rule_add (ctx, SCMP_ACT_ERRNO (0), SCMP_SYS (sched_setattr), 0);
  /* Reading limits, not changing them. */
  r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, SCMP_SYS (prlimit64), 1, SCMP_A2 (SCMP_CMP_EQ, 0));
  return r;
}

gboolean
bh_isolate_late (GError **error)
{
  scmp_filter_ctx ctx;
  int r = 0;

#ifdef SANITIZED
  if (g_getenv ("BULKHEAD_PROXY_NO_SECCOMP"))
    {
      g_message ("no system call filter: a sanitizer build was asked for that");
      return TRUE;
    }
#endif
  ctx = seccomp_init (SCMP_ACT_ERRNO (EPERM));
  if (!ctx)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no seccomp filter");
      return FALSE;
    }
  /* The GDBus worker exists by now and gets the filter as well. */
  r |= seccomp_attr_set (ctx, SCMP_FLTATR_CTL_TSYNC, 1);
  r |= seccomp_attr_set (ctx, SCMP_FLTATR_CTL_NNP, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    r |= seccomp_rule_add (ctx, SCMP_ACT_ALLOW, allowed[i], 0);
  r |= add_conditional (ctx);
  if (r == 0)
    r = seccomp_load (ctx);
  seccomp_release (ctx);
  if (r != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "seccomp: %s", g_strerror (-r));
      return FALSE;
    }
  return TRUE;
}
