/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs that work on home disks.
 *
 * Mustn't: put a key on a command line or into a file: they get it through a pipe. */
#include "config.h"

#include "bh-home-tool.h"

#include "bh-error.h"
#include "bh-paths.h"
#include "bh-text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_TURNS 5

char *
bh_home_tool_find (const char *name, const char *package, GError **error)
{
  g_autofree char *sbin = g_build_filename ("/usr/sbin", name, NULL);
  char *found = g_find_program_in_path (name);

  if (!found && g_file_test (sbin, G_FILE_TEST_IS_EXECUTABLE))
    found = g_strdup (sbin);
  if (!found)
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                 "Disks of AppVMs need the program %s. Install the package %s.", name, package);
  return found;
}

void
bh_home_tool_add (GPtrArray *argv, ...)
{
  const char *word;
  va_list words;

  va_start (words, argv);
  while ((word = va_arg (words, const char *)) != NULL)
    g_ptr_array_add (argv, g_strdup (word));
  va_end (words);
}

GPtrArray *
bh_home_tool_confine (const char *name, const BhHomeReach *reach, GError **error)
{
  g_autofree char *program = bh_home_tool_find (name, "qemu-utils", error);
  g_autofree char *confined = bh_paths_program ("bulkhead-disktool");
  g_autofree char *largest = g_strdup_printf ("%" G_GUINT64_FORMAT, reach->largest);
  GPtrArray *argv;

  if (!program)
    return NULL;
  argv = g_ptr_array_new_with_free_func (g_free);
  bh_home_tool_add (argv, confined, "-m", largest, NULL);
  if (reach->read)
    bh_home_tool_add (argv, "-r", reach->read, NULL);
  if (reach->write)
    bh_home_tool_add (argv, "-w", reach->write, NULL);
  if (reach->listens)
    bh_home_tool_add (argv, "-l", NULL);
  bh_home_tool_add (argv, "--", program, NULL);
  return argv;
}

/* Tables of qcow2 and what LUKS has before its data are far less. */
guint64
bh_home_tool_largest (guint64 size)
{
  return size + size / 64 + (64 << 20);
}

/* It is shorter than what a pipe holds. */
int
bh_home_tool_open_key (const char *key, GError **error)
{
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) == 0)
    {
      gssize n = write (ends[1], key, strlen (key));

      close (ends[1]);
      if (n == (gssize) strlen (key))
        return ends[0];
      close (ends[0]);
    }
  bh_error_set_from_errno (error, errno, "Cannot hand over a key");
  return -1;
}

/* Which file it could not remove: that is done here. */
static char *
clean_words (const char *text, gsize size)
{
  g_autofree char *whole = g_strndup (text, size);
  g_auto (GStrv) lines = g_strsplit (whole, "\n", -1);
  g_autoptr (GString) rest = g_string_new (NULL);

  for (char **line = lines; *line; line++)
    if (!strstr (*line, "Error when deleting file"))
      g_string_append_printf (rest, "%s\n", *line);
  g_strstrip (rest->str);
  return *rest->str ? bh_text_clean (rest->str, strlen (rest->str), 400)
                    : g_strdup ("it ended without a word");
}

gboolean
bh_home_tool_run (GPtrArray *argv, int fd, const char *what, GCancellable *cancellable, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) said = NULL;
  g_autofree char *clean = NULL;
  gsize size = 0;
  const char *text;

  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  if (fd >= 0)
    g_subprocess_launcher_take_fd (launcher, fd, BH_HOME_TOOL_FD);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, error);
  if (!process)
    return FALSE;
  if (!g_subprocess_communicate (process, NULL, cancellable, NULL, &said, NULL)
      || g_cancellable_is_cancelled (cancellable))
    {
      g_subprocess_force_exit (process);
      g_subprocess_wait (process, NULL, NULL);
      g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
      return FALSE;
    }
  if (g_subprocess_get_if_exited (process) && g_subprocess_get_exit_status (process) == 0)
    return TRUE;
  text = said ? g_bytes_get_data (said, &size) : "";
  clean = clean_words (text ? text : "", size);
  g_set_error (error, BH_ERROR,
               strstr (clean, "No space left") ? BH_ERROR_DISK_FULL : BH_ERROR_FAILED, "%s: %s",
               what, clean);
  return FALSE;
}

gboolean
bh_home_tool_run_with_key (GPtrArray *argv, const char *key, const char *what, GCancellable *cancellable,
                           GError **error)
{
  if (!key)
    return bh_home_tool_run (argv, -1, what, cancellable, error);
  for (guint turn = 1;; turn++)
    {
      g_autoptr (GError) failed = NULL;
      int fd = bh_home_tool_open_key (key, error);

      if (fd < 0)
        return FALSE;
      if (bh_home_tool_run (argv, fd, what, cancellable, &failed))
        return TRUE;
      /* It counts how much it does in its own time, and gives up when the kernel counted none of it as such. */
      if (turn == MAX_TURNS || !strstr (failed->message, "accurate CPU usage"))
        {
          g_propagate_error (error, g_steal_pointer (&failed));
          return FALSE;
        }
    }
}

char *
bh_home_tool_option (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, ",", -1);

  return g_strjoinv (",,", parts);
}
