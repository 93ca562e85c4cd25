/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files and addresses on a command line, as Vm1.Open takes them. */
#pragma once

#include <gio/gunixfdlist.h>

typedef struct
{
  GUnixFDList *fds;
  GVariant *files; /* a(hay) */
  GVariant *urls;  /* as */
  guint n;
  char *first; /* what to call the first of them */
} BhOpenables;

/**
 * bh_openables_collect:
 * @arguments: paths, "file:" URIs and addresses
 * @openables: (out): to be cleared whatever is returned
 *
 * Opens the files. What cannot be opened, or may not be (bh-openable.h), is an error and nothing is.
 */
gboolean bh_openables_collect (char **arguments, BhOpenables *openables, GError **error);
void bh_openables_clear (BhOpenables *openables);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BhOpenables, bh_openables_clear)
