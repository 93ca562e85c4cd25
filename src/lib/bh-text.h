/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cleaning of text that comes from a guest or a file before people see it. */
#pragma once

#include <glib.h>

/**
 * bh_text_clean:
 * @text: bytes of any kind
 * @len: how many
 * @max_chars: longest result in characters, at least 1
 *
 * Valid UTF-8 on one line, at most @max_chars characters (the last is "…" when it was cut). Control,
 * bidirectional-control, zero-width, line-separator, private-use and unassigned characters become one
 * space each or go; runs of white space become one space; combining marks are kept up to two in a row,
 * so that text cannot climb over its neighbours. A terminal's escape sequences become one space, whole.
 *
 * Returns: (transfer full): the cleaned text, perhaps ""
 */
char *bh_text_clean (const char *text, gsize len, gsize max_chars);

/**
 * bh_text_clean_lines:
 * As bh_text_clean(), but keeps line breaks and tabs, drops escape sequences, and has no length in characters: for logs.
 */
char *bh_text_clean_lines (const char *text, gsize len);
