/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Giving back memory after a burst of work. */
#include "config.h"

#include "bh-trim.h"

#include <glib.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define DELAY_SECONDS 2

/* A debugger's breakpoints are changed pages of code, and would be lost. */
static gboolean
is_traced (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return TRUE;
  line = strstr (text, "\nTracerPid:");
  return !line || g_ascii_strtoull (line + strlen ("\nTracerPid:"), NULL, 10) != 0;
}

static gboolean
trim (gpointer data)
{
  guint *source = data;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  *source = 0;
  malloc_trim (0);
  if (is_traced () || !g_file_get_contents ("/proc/self/maps", &text, NULL, NULL))
    return G_SOURCE_REMOVE;
  lines = g_strsplit (text, "\n", -1);
  for (char **p = lines; *p; p++)
    {
      unsigned long from, to, inode;
      char mode[5];

      /* Code that is never written to: dropping such a page loses nothing. */
      if (sscanf (*p, "%lx-%lx %4s %*x %*x:%*x %lu", &from, &to, mode, &inode) == 4 && inode != 0
          && strcmp (mode, "r-xp") == 0)
        madvise ((void *) from, to - from, MADV_DONTNEED);
    }
  return G_SOURCE_REMOVE;
}

void
bh_trim_later (void)
{
  static guint source;

  if (source == 0)
    source = g_timeout_add_seconds (DELAY_SECONDS, trim, &source);
}
