/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Folders of this computer that an AppVM has: how they are written, and which are refused.
 *
 * One is HOST[:GUEST[:OPTIONS]]. HOST is a folder here, absolute or with "~/"; GUEST where programs in the
 * AppVM find it, within their home unless absolute, by default under its own name; OPTIONS "ro" (the default)
 * or "rw", and "unsafe" for what would be refused. In a list there is ";" between them. */
#pragma once

#include <glib.h>

/* As BH_MAX_FOLDERS in wire's bh-messages.h, less the Inbox and a home. */
#define BH_FOLDERS_MAX 14

typedef struct
{
  char *host;  /* absolute, canonical by its text */
  char *guest; /* absolute, or within the home */
  gboolean writable;
  gboolean unsafe; /* the rules do not hold for it */
} BhFolder;

void bh_folder_free (BhFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhFolder, bh_folder_free)

/* %BH_ERROR_INVALID_ARGUMENT says what is wrong with @text. Looks at no file. */
BhFolder *bh_folder_parse (const char *text, GError **error);

/* Its one form: "/home/me/Music:Music:ro". */
char *bh_folder_to_text (const BhFolder *folder);

/* A list; of BhFolder. No more than @max, and no two in the same place. */
GPtrArray *bh_folders_parse (const char *list, guint max, GError **error);

/* Whether Bulkhead keeps where @path leads what is its own, other AppVMs' homes and settings among it, or above it. */
gboolean bh_folder_is_ours (const char *path);

/**
 * bh_folder_check:
 *
 * Whether @folder may be handed to an AppVM: it is there, it is one, and unless it is marked unsafe it is
 * not the home folder, a dot-folder, a system folder or one in which Bulkhead keeps its own things.
 *
 * @error: %BH_ERROR_NOT_FOUND or %BH_ERROR_INVALID_ARGUMENT, with the reason and what to do
 */
gboolean bh_folder_check (const BhFolder *folder, GError **error);
