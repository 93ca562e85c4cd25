/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Running apt and other tools for a template: what they say is followed, kept in the log, and, when they fail,
 * understood. */
#include "config.h"

#include "bh-debian-work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-log.h"
#include "bh-paths.h"
#include "bh-text.h"

#define END_SECONDS 20
#define KEEP_LINES 40

void
bh_debian_work_tell (BhDebianWork *self, guint percent, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  self->percent = MAX (self->percent, MIN (percent, 100));
  self->progress (self->percent, text, self->data);
}

gboolean
bh_debian_work_is_cancelled (BhDebianWork *self, GError **error)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    return FALSE;
  g_clear_error (error);
  g_set_error_literal (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  return TRUE;
}

/* Errors of the tools. */

static const char *
find_line (BhDebianWork *self, const char *const *words)
{
  for (GList *l = self->lines.tail; l; l = l->prev)
    for (const char *const *word = words; *word; word++)
      if (strstr (l->data, *word))
        return l->data;
  return NULL;
}

void
bh_debian_work_explain (BhDebianWork *self, const char *doing, GError **error)
{
  static const char *const full[] = { "No space left on device", "not enough free space",
                                      "Disk quota exceeded", NULL };
  static const char *const absent[] = { "Unable to locate package", "has no installation candidate",
                                        NULL };
  static const char *const unsigned_[] = {
    "is not signed",       "NO_PUBKEY",         "BADSIG", "GPG error", "OpenPGP signature",
    "is no longer signed", "Hash Sum mismatch", NULL
  };
  static const char *const away[] = { "Could not connect",
                                      "Could not resolve",
                                      "Temporary failure",
                                      "Failed to fetch",
                                      "Unable to connect",
                                      "Connection timed out",
                                      NULL };
  static const char *const any[] = { "E: ", "FATAL ERROR", NULL };
  const char *archive = self->sources->archive, *line;

  if ((line = find_line (self, full)))
    g_set_error (error, BH_ERROR, BH_ERROR_DISK_FULL,
                 "The disk is full (%s). Make room and try again; what was downloaded is kept.",
                 line);
  else if ((line = find_line (self, absent)))
    g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                 "A package is not in Debian %s (%s). Check its name at packages.debian.org.",
                 self->set->suite, line);
  else if ((line = find_line (self, unsigned_)))
    g_set_error (
        error, BH_ERROR, BH_ERROR_FAILED,
        "What %s gave is not signed by Debian, so nothing of it was used (%s). Try again later, or "
        "use another archive.",
        archive, line);
  else if ((line = find_line (self, away)))
    g_set_error (
        error, BH_ERROR, BH_ERROR_FAILED,
        "The Debian archive %s could not be reached (%s). Check the network and try again.",
        archive, line);
  else
    {
      line = find_line (self, any);
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "%s failed: %s. The whole output is in the log %s.log.", doing,
                   line ? line : "it said nothing", BH_DEBIAN_LOG);
    }
}

/* Running them. */

static void
lead_group (gpointer data)
{
  setpgid (0, 0);
}

GSubprocess *
bh_debian_work_spawn (BhDebianWork *self, const char *const *argv, GSubprocessFlags flags,
                      GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  g_autofree char *config = g_build_filename (self->cache, "apt.conf", NULL);
  g_autofree char *line = g_strjoinv (" ", (char **) argv);
  gboolean apt = g_str_has_prefix (argv[0], "apt");

  bh_log_line (BH_DEBIAN_LOG, "%s", line);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  g_subprocess_launcher_setenv (launcher, "DEBIAN_FRONTEND", "noninteractive", TRUE);
  if (self->work)
    g_subprocess_launcher_setenv (launcher, "TMPDIR", self->work, TRUE);
  if (apt)
    g_subprocess_launcher_setenv (launcher, "APT_CONFIG", config, TRUE);
  else
    g_subprocess_launcher_unsetenv (launcher, "APT_CONFIG");
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_set_child_setup (launcher, lead_group, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

void
bh_debian_work_end (GSubprocess *process)
{
  const char *id = g_subprocess_get_identifier (process);
  pid_t pid = id ? (pid_t) atoi (id) : 0;
  gint64 until = g_get_monotonic_time () + END_SECONDS * G_USEC_PER_SEC;

  if (pid <= 0)
    return;
  kill (pid, SIGTERM);
  while ((id = g_subprocess_get_identifier (process)) != NULL && g_get_monotonic_time () < until)
    g_usleep (20000);
  if (id)
    kill (-pid, SIGKILL);
}

void
bh_debian_work_follow (BhDebianWork *self, GSubprocess *process, GInputStream *from)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (from);

  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_LF);
  for (;;)
    {
      gsize length = 0;
      g_autoptr (GError) failed = NULL;
      g_autofree char *line =
          g_data_input_stream_read_line (lines, &length, self->cancellable, &failed);
      char *clean;

      if (!line)
        break;
      clean = bh_text_clean (line, length, 300);
      if (self->on_line)
        self->on_line (self->owner, clean);
      if (!g_str_has_prefix (clean, "dlstatus:"))
        bh_log_line (BH_DEBIAN_LOG, "%s", clean);
      g_queue_push_tail (&self->lines, clean);
      if (self->lines.length > KEEP_LINES)
        g_free (g_queue_pop_head (&self->lines));
    }
  if (g_cancellable_is_cancelled (self->cancellable))
    bh_debian_work_end (process);
}

gboolean
bh_debian_work_run_apt (BhDebianWork *self, const char *const *argv, GError **error)
{
  g_autoptr (GSubprocess) process = NULL;

  g_queue_clear_full (&self->lines, g_free);
  process = bh_debian_work_spawn (
      self, argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, error);
  if (!process)
    return FALSE;
  bh_debian_work_follow (self, process, g_subprocess_get_stdout_pipe (process));
  if (g_subprocess_wait_check (process, NULL, NULL))
    return !bh_debian_work_is_cancelled (self, error);
  if (!bh_debian_work_is_cancelled (self, error))
    bh_debian_work_explain (self, argv[0], error);
  return FALSE;
}

/* The cache. */

gboolean
bh_debian_work_begin (BhDebianWork *self, GError **error)
{
  g_autofree char *parent = bh_paths_cache_dir ("debian");

  g_queue_init (&self->lines);
  self->cache = g_build_filename (parent, self->set->suite, NULL);
  bh_log_prepare (BH_DEBIAN_LOG, NULL);
  self->sources = bh_debian_sources_find (self->set->suite, error);
  return self->sources != NULL;
}

void
bh_debian_work_clear (BhDebianWork *self)
{
  g_queue_clear_full (&self->lines, g_free);
  g_clear_pointer (&self->sources, bh_debian_sources_free);
  g_clear_pointer (&self->cache, g_free);
  g_clear_pointer (&self->work, g_free);
}

int
bh_debian_work_lock (BhDebianWork *self, gboolean wait, GError **error)
{
  g_autofree char *parent = bh_paths_cache_dir ("debian");
  g_autofree char *path = g_build_filename (parent, "lock", NULL);
  int fd = -1;

  if (!bh_paths_ensure (parent, error))
    return -1;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make %s", path);
      return -1;
    }
  while (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (!wait)
        g_set_error_literal (error, BH_ERROR, BH_ERROR_BUSY, "Another template is being worked on");
      if (!wait || bh_debian_work_is_cancelled (self, error))
        {
          close (fd);
          return -1;
        }
      bh_debian_work_tell (self, 0, "Waiting for another template to be finished");
      g_usleep (200000);
    }
  return fd;
}
