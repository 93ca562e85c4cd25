/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prints what is added to an AppVM's log file, cleaned, as it comes.
 *
 * The file is looked at five times a second rather than watched: it may not be there yet, be cut
 * by the next start or be replaced, and one fstat and one stat see all of that without a case
 * for each. */
#include "config.h"

#include "log-follow.h"

#include "bh-text.h"
#include "terminal-filter.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTERVAL_MS 200
/* The last lines are looked for in this much of the file's end. */
#define MAX_TAIL (4 << 20)

struct _BhLogFollow
{
  char *path;
  int fd;
  off_t offset;
  guint timer;
  BhTerminalFilter filter;
};

static void
print (BhLogFollow *follow, const char *data, gsize len)
{
  g_autoptr (GString) text = g_string_sized_new (len);
  g_autofree char *clean = NULL;

  bh_terminal_filter_push (&follow->filter, data, len, text);
  clean = bh_text_clean_lines (text->str, text->len);
  fputs (clean, stdout);
}

static void
read_more (BhLogFollow *follow)
{
  char buffer[16384];
  ssize_t n;

  while ((n = pread (follow->fd, buffer, sizeof buffer, follow->offset)) > 0)
    {
      follow->offset += n;
      print (follow, buffer, (gsize) n);
    }
  fflush (stdout);
}

static gboolean
look (gpointer data)
{
  BhLogFollow *follow = data;
  struct stat open_file, named;
  gboolean is_named = stat (follow->path, &named) == 0;

  if (follow->fd >= 0)
    {
      read_more (follow);
      if (fstat (follow->fd, &open_file) == 0)
        {
          if (open_file.st_size < follow->offset)
            follow->offset = 0;
          if (!is_named || (open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev))
            return G_SOURCE_CONTINUE;
        }
      close (follow->fd);
      follow->fd = -1;
    }
  if (is_named && (follow->fd = open (follow->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) >= 0)
    {
      follow->offset = 0;
      read_more (follow);
    }
  return G_SOURCE_CONTINUE;
}

/* Where the last @lines lines of the file begin. */
static off_t
find_tail (int fd, guint lines)
{
  struct stat file;
  off_t begin, position;
  g_autofree char *data = NULL;
  ssize_t n;
  guint found = 0;

  if (fstat (fd, &file) < 0)
    return 0;
  if (lines == 0)
    return file.st_size;
  begin = file.st_size > MAX_TAIL ? file.st_size - MAX_TAIL : 0;
  data = g_malloc (MAX_TAIL);
  n = pread (fd, data, MAX_TAIL, begin);
  position = n;
  while (position > 0)
    {
      /* The line end of the last line does not begin another. */
      if (data[position - 1] == '\n' && position != n && ++found == lines)
        break;
      position--;
    }
  return begin + MAX (position, 0);
}

BhLogFollow *
bh_log_follow_new (const char *path, guint lines)
{
  BhLogFollow *follow = g_new0 (BhLogFollow, 1);

  follow->path = g_strdup (path);
  bh_terminal_filter_init (&follow->filter, BH_TERMINAL_TEXT);
  follow->fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (follow->fd >= 0)
    {
      follow->offset = find_tail (follow->fd, lines);
      read_more (follow);
    }
  follow->timer = g_timeout_add (INTERVAL_MS, look, follow);
  return follow;
}

void
bh_log_follow_free (BhLogFollow *follow)
{
  look (follow);
  g_source_remove (follow->timer);
  if (follow->fd >= 0)
    close (follow->fd);
  g_free (follow->path);
  g_free (follow);
}
