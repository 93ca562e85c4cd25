/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the service reads of one running QEMU. */
#include "config.h"

#include "bh-domain.h"

#include "bh-error.h"
#include "bh-paths.h"
#include "bh-pool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pid file can be older than the process that has the number now: the command line must name us. */
static gboolean
is_ours (pid_t pid, const char *id)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", (int) pid);
  g_autofree char *name = g_strdup_printf ("guest=bulkhead-%s,", id);
  /* One that waited ahead of time keeps its name; the folder it is in has become this AppVM's. */
  static const char spare[] = "guest=bulkhead-" BH_POOL_PREFIX;
  g_autofree char *text = NULL;
  gsize len;

  if (!g_file_get_contents (path, &text, &len, NULL))
    return FALSE;
  return memmem (text, len, name, strlen (name)) != NULL
         || memmem (text, len, spare, strlen (spare)) != NULL;
}

pid_t
bh_domain_find_pid (const char *id)
{
  g_autofree char *dir = bh_paths_runtime_dir (id);
  g_autofree char *path = g_build_filename (dir, "qemu.pid", NULL);
  g_autofree char *text = NULL;
  gint64 pid;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  g_strstrip (text);
  if (!g_ascii_string_to_signed (text, 10, 2, G_MAXINT, &pid, NULL))
    return 0;
  return is_ours ((pid_t) pid, id) ? (pid_t) pid : 0;
}

void
bh_domain_kill (const char *id)
{
  pid_t pid = bh_domain_find_pid (id);

  if (pid > 0)
    kill (pid, SIGKILL);
}

gboolean
bh_domain_read_usage (pid_t pid, BhDomainUsage *usage)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  unsigned long utime, stime;
  long rss;
  char *rest;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  /* The name in parentheses may hold anything; proc(5) fields 14, 15 and 24 are counted from its end. */
  rest = strrchr (text, ')');
  if (!rest
      || sscanf (rest + 1,
                 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u "
                 "%*u %ld",
                 &utime, &stime, &rss)
             != 3)
    return FALSE;
  usage->pid = pid;
  usage->rss = (guint64) MAX (rss, 0) * (guint64) sysconf (_SC_PAGESIZE);
  usage->cpu_time = (guint64) utime + stime;
  usage->when = g_get_monotonic_time ();
  return TRUE;
}

GVariant *
bh_domain_describe_usage (const char *id, guint memory_mib, BhDomainUsage *last)
{
  GVariantDict dict;
  BhDomainUsage now;
  pid_t pid = id ? bh_domain_find_pid (id) : 0;

  g_variant_dict_init (&dict, NULL);
  if (pid > 0 && bh_domain_read_usage (pid, &now))
    {
      double cpu = 0;

      if (last->pid == pid && now.when > last->when && now.cpu_time >= last->cpu_time)
        cpu = 100.0 * (double) (now.cpu_time - last->cpu_time) / (double) sysconf (_SC_CLK_TCK)
              * G_USEC_PER_SEC / (double) (now.when - last->when);
      *last = now;
      g_variant_dict_insert (&dict, "pid", "u", (guint32) pid);
      g_variant_dict_insert (&dict, "rss", "t", now.rss);
      g_variant_dict_insert (&dict, "cpu", "d", cpu);
      g_variant_dict_insert (&dict, "memory", "t", (guint64) memory_mib << 20);
    }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* The memfd of that name among the descriptors of @pid. */
static int
open_memfd (pid_t pid, const char *memfd, const char *what, GError **error)
{
  g_autofree char *dir_path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (dir_path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename (dir_path, name, NULL);
      g_autofree char *target = g_file_read_link (link, NULL);
      int fd;

      if (!target || !g_str_has_prefix (target, memfd))
        continue;
      fd = open (link, O_RDWR | O_CLOEXEC);
      if (fd >= 0)
        return fd;
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "Cannot open the %s of process %d: %s", what,
                   (int) pid, g_strerror (errno));
      return -1;
    }
  g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "Process %d has no %s", (int) pid, what);
  return -1;
}

int
bh_domain_open_region (pid_t pid, GError **error)
{
  return open_memfd (pid, "/memfd:bulkhead-region", "shared region", error);
}

int
bh_domain_open_ram (pid_t pid, GError **error)
{
  return open_memfd (pid, "/memfd:bulkhead-ram", "memory", error);
}

void
bh_domain_clean (const char *id)
{
  g_autofree char *path = bh_paths_runtime_dir (id);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_unlink (file);
    }
  g_rmdir (path);
}
