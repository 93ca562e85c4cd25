/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cleaning of foreign text.
 *
 * Rule: the result holds only characters that take their own place from left to right or by the
 * script's own direction; nothing that reorders, hides or overlays what stands beside it. */
#include "config.h"

#include "bh-text.h"

#define MAX_MARKS 2

typedef enum
{
  KEEP,
  SPACE,
  DROP,
  MARK
} Fate;

static Fate
fate (gunichar c)
{
  /* Bidi controls and marks, and characters that show nothing (Unicode UAX #9, UTS #55). */
  if (c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e)
      || (c >= 0x2060 && c <= 0x206f) || c == 0x200b || c == 0xfeff || c == 0x00ad || c == 0x3164
      || c == 0x115f || c == 0x1160 || c == 0xffa0 || c == 0x2800 || c == 0xfffc
      || (c >= 0xe0000 && c <= 0xe0fff))
    return DROP;
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
      return SPACE;
    case G_UNICODE_FORMAT:
      /* Zero-width joiners are letters of some scripts. */
      return c == 0x200c || c == 0x200d ? KEEP : DROP;
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
      return DROP;
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
      return MARK;
    default:
      return KEEP;
    }
}

/* Past a terminal's escape sequence (ECMA-48) that begins at @p, so that not only its ESC goes and "[31m"
 * stays. A line's end ends even one that is cut off: it hides no more than its own line. */
static const char *
skip_escape (const char *p)
{
  p++;
  if (*p == '[')
    {
      p++;
      while (*p >= 0x20 && *p <= 0x3f)
        p++;
      return *p >= 0x40 && *p <= 0x7e ? p + 1 : p;
    }
  if (*p == ']' || *p == 'P' || *p == 'X' || *p == '^' || *p == '_')
    {
      while (*p != '\0' && *p != '\n' && *p != '\a' && !(p[0] == 033 && p[1] == '\\'))
        p++;
      return *p == '\a' ? p + 1 : *p == 033 ? p + 2 : p;
    }
  while (*p >= 0x20 && *p <= 0x2f)
    p++;
  return *p >= 0x30 && *p <= 0x7e ? p + 1 : p;
}

static char *
clean (const char *text, gsize len, gsize max_chars, gboolean lines)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) len);
  GString *out = g_string_sized_new (len);
  gsize n = 0;
  guint marks = 0;
  gboolean space = FALSE;

  for (const char *p = valid, *next; *p != '\0'; p = next)
    {
      gunichar c = g_utf8_get_char (p);
      Fate f = fate (c);

      next = c == 033 ? skip_escape (p) : g_utf8_next_char (p);
      if (lines && (c == '\n' || c == '\t' || c == ' '))
        f = KEEP;
      if (f == SPACE && !lines)
        {
          space = TRUE;
          continue;
        }
      if (f == DROP || c == 033 || (f == MARK && (++marks > MAX_MARKS || n == 0)))
        continue;
      if (f != MARK)
        marks = 0;
      if (space && out->len > 0)
        {
          g_string_append_c (out, ' ');
          n++;
        }
      space = FALSE;
      if (n >= max_chars)
        break;
      g_string_append_unichar (out, f == SPACE ? ' ' : c);
      n++;
    }
  return g_string_free (out, FALSE);
}

char *
bh_text_clean (const char *text, gsize len, gsize max_chars)
{
  /* One more than wanted tells whether it has to be cut. */
  g_autofree char *longer = NULL;
  gsize n;

  g_return_val_if_fail (max_chars > 0, NULL);
  longer = clean (text, len, max_chars + 1, FALSE);
  n = (gsize) g_utf8_strlen (longer, -1);
  if (n <= max_chars)
    return g_steal_pointer (&longer);
  *g_utf8_offset_to_pointer (longer, (glong) max_chars - 1) = '\0';
  return g_strconcat (longer, "…", NULL);
}

char *
bh_text_clean_lines (const char *text, gsize len)
{
  return clean (text, len, G_MAXSIZE, TRUE);
}
