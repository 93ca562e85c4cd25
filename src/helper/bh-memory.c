/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How much memory a QEMU may lock: a guest that has a PCI device of the host needs all of its memory locked.
 *
 * A number of a process says nothing alone, for numbers come back. The process is the one with this number that
 * began at this time; a pidfd, opened before anything is looked at, tells whether it was still there when
 * everything was done. */
#include "config.h"

#include "bh-memory.h"

#include "bh-error.h"
#include "bh-settings.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static gboolean
not_found (GError **error, guint32 pid, const char *why)
{
  g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "Process %u is not a running QEMU of yours: %s", pid, why);
  return FALSE;
}

/* Field 22 of /proc/PID/stat; 0 when there is no such process. Field 2 may hold anything, also ")". */
static guint64
start_time_of (guint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/stat", pid);
  g_autofree char *stat = NULL;
  g_auto (GStrv) fields = NULL;
  char *after;

  if (!g_file_get_contents (path, &stat, NULL, NULL) || (after = strrchr (stat, ')')) == NULL)
    return 0;
  fields = g_strsplit (after, " ", -1);
  return g_strv_length (fields) > 20 ? g_ascii_strtoull (fields[20], NULL, 10) : 0;
}

/* Real, effective, saved and file system user must all be the caller's. */
static gboolean
belongs_to (guint32 pid, guint32 uid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/status", pid);
  g_autofree char *status = NULL;
  guint32 ids[4];
  char *line;

  if (!g_file_get_contents (path, &status, NULL, NULL) || (line = strstr (status, "\nUid:")) == NULL
      || sscanf (line, "\nUid: %u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) != 4)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    if (ids[i] != uid)
      return FALSE;
  return TRUE;
}

/* The very file, which only root can change. */
static gboolean
runs_qemu (guint32 pid, BhSettings *settings)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/exe", pid);
  struct stat running, allowed;

  if (stat (path, &running) != 0)
    return FALSE;
  for (char **qemu = settings->qemu; *qemu != NULL; qemu++)
    if (stat (*qemu, &allowed) == 0 && allowed.st_dev == running.st_dev
        && allowed.st_ino == running.st_ino && allowed.st_uid == 0 && (allowed.st_mode & 022) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_alive (int pidfd)
{
  struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

  return poll (&poll_fd, 1, 0) == 0;
}

static gboolean
check_process (BhCall *call, guint32 pid, guint64 start_time, GError **error)
{
  g_autoptr (BhSettings) settings = bh_settings_read (error);

  if (settings == NULL)
    return FALSE;
  if (start_time == 0 || start_time_of (pid) != start_time)
    return not_found (error, pid, "there is none that was started then.");
  if (!belongs_to (pid, call->uid))
    return not_found (error, pid, "it is another user's.");
  if (!runs_qemu (pid, settings))
    return not_found (error, pid, "it runs another program (see the key Qemu in bulkhead-helper.conf(5)).");
  return TRUE;
}

static guint64
most_of_memory (void)
{
  guint64 total = (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGESIZE);

  return total / 4 * 3;
}

/* What this user's QEMUs that still run were granted. */
static guint64
granted (BhCall *call)
{
  GPtrArray *holds = bh_ledger_holds (call->ledger);
  guint64 sum = 0;

  for (guint i = 0; i < holds->len; i++)
    {
      BhHold *hold = holds->pdata[i];

      if (hold != call->hold && strcmp (hold->kind, "memory") == 0 && hold->uid == call->uid
          && start_time_of (bh_hold_get_number (hold, "pid")) == bh_hold_get_number (hold, "start"))
        sum += bh_hold_get_number (hold, "bytes");
    }
  return sum;
}

gboolean
bh_memory_check (BhCall *call, GError **error)
{
  guint32 pid;
  guint64 start_time, bytes;

  g_variant_get (call->args, "(utt)", &pid, &start_time, &bytes);
  if (pid == 0 || pid > G_MAXINT32)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "pid: the number of a process");
      return FALSE;
    }
  if (bytes < 65536)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "bytes: at least 65536");
      return FALSE;
    }
  if (!check_process (call, pid, start_time, error))
    return FALSE;
  if (bytes > most_of_memory () || granted (call) > most_of_memory () - bytes)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_LIMIT_REACHED,
                   "Your AppVMs may lock at most three quarters of this computer's memory (%" G_GUINT64_FORMAT
                   " MiB) together. Give this one less, or stop another one that has a PCI device.",
                   most_of_memory () >> 20);
      return FALSE;
    }
  return TRUE;
}

gboolean
bh_memory_raise (BhCall *call, GError **error)
{
  struct rlimit old, raised;
  guint32 pid;
  guint64 start_time, bytes;
  int pidfd;
  gboolean good;

  g_variant_get (call->args, "(utt)", &pid, &start_time, &bytes);
  pidfd = syscall (SYS_pidfd_open, pid, 0);
  if (pidfd < 0)
    return not_found (error, pid, g_strerror (errno));
  good = check_process (call, pid, start_time, error);
  if (good && prlimit (pid, RLIMIT_MEMLOCK, NULL, &old) != 0)
    {
      bh_error_set_from_errno (error, errno, "Reading the limit of process %u", pid);
      good = FALSE;
    }
  if (good)
    {
      bh_hold_set_number (call->hold, "pid", pid);
      bh_hold_set_number (call->hold, "start", start_time);
      bh_hold_set_number (call->hold, "bytes", bytes);
      bh_hold_set_number (call->hold, "soft", old.rlim_cur);
      bh_hold_set_number (call->hold, "hard", old.rlim_max);
      good = bh_ledger_save (call->ledger, error);
    }
  if (good)
    {
      bh_helper_stop_point ("memory-written");
      raised.rlim_cur = MAX (bytes, old.rlim_cur);
      raised.rlim_max = MAX (bytes, old.rlim_max);
      good = prlimit (pid, RLIMIT_MEMLOCK, &raised, NULL) == 0;
      if (!good)
        bh_error_set_from_errno (error, errno, "Raising the limit of process %u", pid);
      else if (!is_alive (pidfd))
        good = not_found (error, pid, "it ended just now.");
    }
  bh_helper_stop_point ("memory-done");
  close (pidfd);
  return good;
}

gboolean
bh_memory_undo (BhLedger *ledger, BhHold *hold, GError **error)
{
  guint64 pid = bh_hold_get_number (hold, "pid");
  struct rlimit old = { bh_hold_get_number (hold, "soft"), bh_hold_get_number (hold, "hard") };

  if (pid == 0 || start_time_of (pid) != bh_hold_get_number (hold, "start")
      || prlimit (pid, RLIMIT_MEMLOCK, &old, NULL) == 0 || errno == ESRCH)
    return TRUE;
  bh_error_set_from_errno (error, errno, "Putting the limit of process %" G_GUINT64_FORMAT " back", pid);
  return FALSE;
}
