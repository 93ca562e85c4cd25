/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Desktop files: finding one by its id, and what its Exec line starts (Desktop Entry Specification 1.5). */
#pragma once

#include <stdbool.h>

typedef enum
{
  BH_DESKTOP_OK,
  BH_DESKTOP_UNKNOWN,  /* no such file, hidden, or no application */
  BH_DESKTOP_MISSING,  /* TryExec says the program is not installed */
  BH_DESKTOP_BAD_EXEC, /* the Exec line is no command */
} BhDesktopStatus;

typedef struct
{
  char **argv;
  char *directory; /* Path=, or NULL */
  bool terminal;
} BhDesktopEntry;

/* @dirs: data folders in their order, ended by NULL. @id with or without ".desktop". @locale as in LANG,
 * or NULL. @uris: to be opened, or NULL. The entry is set only with BH_DESKTOP_OK. */
BhDesktopStatus bh_desktop_load (const char *const *dirs, const char *id, const char *locale,
                                 const char *const *uris, BhDesktopEntry *entry);
void bh_desktop_entry_clear (BhDesktopEntry *entry);

/* The words of an Exec line (already unescaped as a string), with its field codes expanded:
 * %i becomes "--icon" @icon, %c @name, %k @file; %f and %F become the path of the first or all of @uris (NULL: none)
 * as far as they are files, %u and %U the first or all of them as they are. Without one of these they come last, by
 * their paths. NULL when the line breaks the rules. For g_strfreev. */
char **bh_desktop_parse_exec (const char *exec, const char *name, const char *icon,
                              const char *file, const char *const *uris);

/* The path of a file's URI; of another, that itself. */
char *bh_desktop_uri_to_word (const char *uri);

/* The file of program @name, which is a path or a name in $PATH; NULL when there is none to run. */
char *bh_desktop_find_program (const char *name);
