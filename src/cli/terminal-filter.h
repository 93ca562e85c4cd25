/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a guest writes, on its way to the user's terminal.
 *
 * A terminal takes commands in what it shows: set the clipboard, report its title or a cell's
 * text as if it had been typed, change keys. A guest may not give those. BH_TERMINAL_TEXT lets
 * text through, with tabs and line ends. BH_TERMINAL_SCREEN lets through as well what a program
 * on a screen needs: moving the cursor, erasing, scrolling, colours, character sets, the
 * alternate screen. Everything else is swallowed whole; the list in the .c file is of what
 * passes, not of what does not. */
#pragma once

#include <glib.h>

typedef enum
{
  BH_TERMINAL_TEXT,
  BH_TERMINAL_SCREEN,
} BhTerminalMode;

typedef struct
{
  BhTerminalMode mode;
  guint state;
  guchar utf8[4]; /* a character whose end has not come yet */
  guint utf8_len;
  char sequence[40]; /* parameters and final byte of a control sequence */
  guint sequence_len;
  gboolean too_long;
} BhTerminalFilter;

void bh_terminal_filter_init (BhTerminalFilter *filter, BhTerminalMode mode);

/* Adds what passes of @data to @out; @data may be cut at any byte. */
void bh_terminal_filter_push (BhTerminalFilter *filter, const void *data, gsize len, GString *out);
