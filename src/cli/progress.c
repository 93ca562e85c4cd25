/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is going on, on standard error. */
#include "config.h"

#include "progress.h"

#include "bh-text.h"
#include "output.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct _BhProgress
{
  gboolean quiet, terminal;
  char *step;
  gint64 since; /* µs, when @step began */
  guint timer;
};

static void
draw (BhProgress *progress)
{
  gint64 seconds = (g_get_monotonic_time () - progress->since) / G_USEC_PER_SEC;
  struct winsize size;
  gsize columns = 80;
  g_autofree char *line = NULL;
  g_autofree char *shown = NULL;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10)
    columns = size.ws_col;
  /* Only after a while: most steps take less, and a flickering number tells nothing. */
  if (seconds >= 2)
    line = g_strdup_printf (_ ("%s… (%u s)"), progress->step, (guint) seconds);
  else
    line = g_strdup_printf ("%s…", progress->step);
  shown = bh_text_clean (line, strlen (line), columns - 1);
  fprintf (stderr, "\r\033[K%s", shown);
  fflush (stderr);
}

static gboolean
tick (gpointer data)
{
  draw (data);
  return G_SOURCE_CONTINUE;
}

BhProgress *
bh_progress_new (gboolean quiet)
{
  BhProgress *progress = g_new0 (BhProgress, 1);

  progress->quiet = quiet;
  progress->terminal = isatty (STDERR_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
  return progress;
}

void
bh_progress_free (BhProgress *progress)
{
  bh_progress_end (progress);
  g_free (progress);
}

void
bh_progress_step (BhProgress *progress, const char *text)
{
  g_autofree char *clean = bh_text_clean (text, strlen (text), 200);

  g_strchomp (clean);
  while (g_str_has_suffix (clean, "…") || g_str_has_suffix (clean, "."))
    *g_utf8_prev_char (clean + strlen (clean)) = '\0';
  if (progress->quiet || *clean == '\0' || g_strcmp0 (progress->step, clean) == 0)
    return;
  g_free (progress->step);
  progress->step = g_steal_pointer (&clean);
  progress->since = g_get_monotonic_time ();
  if (!progress->terminal)
    {
      fprintf (stderr, "%s\n", progress->step);
      return;
    }
  draw (progress);
  if (progress->timer == 0)
    progress->timer = g_timeout_add (500, tick, progress);
}

void
bh_progress_note (BhProgress *progress, const char *text)
{
  g_autofree char *clean = bh_text_clean (text, strlen (text), 500);

  if (progress->timer != 0)
    fputs ("\r\033[K", stderr);
  fprintf (stderr, "bulkheadctl: %s\n", clean);
  if (progress->timer != 0)
    draw (progress);
}

void
bh_progress_end (BhProgress *progress)
{
  if (progress->timer != 0)
    {
      fputs ("\r\033[K", stderr);
      g_clear_handle_id (&progress->timer, g_source_remove);
    }
  g_clear_pointer (&progress->step, g_free);
}
