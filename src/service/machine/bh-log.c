/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log of one AppVM.
 *
 * The file is opened for each line of ours: libvirt's log daemon renames it when it has grown. */
#include "config.h"

#include "bh-log.h"

#include "bh-error.h"
#include "bh-paths.h"
#include "bh-text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LOG (4 * 1024 * 1024)
#define MAX_TAIL (1024 * 1024)
#define OWN_LINE " bulkhead: "

/* Whether the console is in the middle of a line. */
static gboolean
within_line (int fd, off_t size)
{
  char last = '\n';

  return size > 0 && pread (fd, &last, 1, size - 1) == 1 && last != '\n';
}

void
bh_log_line (const char *id, const char *format, ...)
{
  g_autofree char *path = bh_paths_log_file (id);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%F %T");
  g_autofree char *what = NULL;
  g_autofree char *line = NULL;
  struct stat st;
  va_list args;
  int fd;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_debug ("%s: %s", id, what);
  fd = open (path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return;
  if (fstat (fd, &st) == 0 && st.st_size < 2 * MAX_LOG)
    {
      line =
          g_strconcat (within_line (fd, st.st_size) ? "\n" : "", time, OWN_LINE, what, "\n", NULL);
      if (write (fd, line, strlen (line)) < 0)
        g_debug ("Cannot write %s: %s", path, g_strerror (errno));
    }
  close (fd);
}

gboolean
bh_log_prepare (const char *id, GError **error)
{
  g_autofree char *path = bh_paths_log_file (id);
  g_autofree char *dir = g_path_get_dirname (path);
  struct stat st;

  if (!bh_paths_ensure (dir, error))
    return FALSE;
  if (stat (path, &st) == 0 && st.st_size > MAX_LOG)
    {
      g_autofree char *old = g_strconcat (path, ".old", NULL);
      if (rename (path, old) != 0)
        unlink (path);
    }
  return TRUE;
}

/* The end of the log, cleaned. */
static char *
read_end (const char *id)
{
  g_autofree char *path = bh_paths_log_file (id);
  g_autofree char *text = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat st;
  ssize_t n;

  if (fd < 0)
    return g_strdup ("");
  text = g_malloc (MAX_TAIL + 1);
  if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    n = 0;
  else
    n = pread (fd, text, MAX_TAIL, st.st_size > MAX_TAIL ? st.st_size - MAX_TAIL : 0);
  close (fd);
  n = MAX (n, 0);
  /* A serial console ends lines with CR LF. */
  for (ssize_t i = 0; i < n; i++)
    if (text[i] == '\r' || text[i] == '\0')
      text[i] = i + 1 < n && text[i + 1] == '\n' ? ' ' : '\n';
  return bh_text_clean_lines (text, (gsize) n);
}

static char *
last_lines (const char *text, guint lines)
{
  const char *start = text + strlen (text);

  if (start > text && start[-1] == '\n')
    start--;
  for (; start > text; start--)
    if (start[-1] == '\n' && --lines == 0)
      break;
  return g_strdup (start);
}

char *
bh_log_tail (const char *id, guint lines)
{
  g_autofree char *text = read_end (id);

  return last_lines (text, lines);
}

char *
bh_log_tail_since (const char *id, const char *mark, guint lines)
{
  g_autofree char *text = read_end (id);
  g_autofree char *own = g_strconcat (OWN_LINE, mark, NULL);
  char *found = g_strrstr (text, own);
  char *next = found ? strchr (found, '\n') : NULL;

  return last_lines (found ? (next ? next + 1 : "") : text, lines);
}

char *
bh_log_libvirt_folder (void)
{
  return g_build_filename (g_get_user_cache_dir (), "libvirt", "qemu", "log", NULL);
}

/* What libvirt writes of the domain of that name; it would keep it for good. */
static void
delete_libvirt_log (const char *id)
{
  static const char *const suffixes[] = { "", ".0", ".1", ".2" };
  g_autofree char *folder = bh_log_libvirt_folder ();

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat ("bulkhead-", id, ".log", suffixes[i], NULL);
      g_autofree char *file = g_build_filename (folder, name, NULL);

      g_unlink (file);
    }
}

void
bh_log_adopt (const char *id, const char *from)
{
  g_autofree char *path = bh_paths_log_file (id);
  g_autofree char *source = bh_paths_log_file (from);
  g_autofree char *text = NULL;
  gsize n = 0;
  int fd = open (source, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return;
  g_file_get_contents (path, &text, &n, NULL);
  /* What a guest has said that was nobody's yet is of no use. */
  if (ftruncate (fd, 0) != 0 || (n > 0 && write (fd, text, n) != (gssize) n)
      || rename (source, path) != 0)
    g_debug ("Cannot take over the log %s: %s", source, g_strerror (errno));
  close (fd);
  /* Its domain keeps that name, which means nothing to anybody. */
  delete_libvirt_log (from);
}

void
bh_log_delete (const char *id)
{
  static const char *const suffixes[] = { "", ".old", ".0", ".1", ".2" };
  g_autofree char *path = bh_paths_log_file (id);

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *file = g_strconcat (path, suffixes[i], NULL);
      g_unlink (file);
    }
  delete_libvirt_log (id);
}
