/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a guest writes, on its way to the user's terminal.
 *
 * The states follow ECMA-48: ESC begins a sequence; ESC [ parameters and a final byte (CSI); ESC
 * ], P, X, ^, _ begin a string that ends with BEL or ESC \ and never passes; ESC ( ) * + take
 * one more byte. */
#include "config.h"

#include "terminal-filter.h"

#include <string.h>

enum
{
  GROUND,
  ESCAPE,
  CSI,
  STRING,
  STRING_ESCAPE,
  CHARSET,
};

void
bh_terminal_filter_init (BhTerminalFilter *filter, BhTerminalMode mode)
{
  memset (filter, 0, sizeof *filter);
  filter->mode = mode;
}

/* Private modes a program on a screen sets: cursor keys, autowrap, blinking, cursor visible,
 * alternate screen, bracketed paste. Not: mouse and focus reports, which would type into
 * whatever comes after. */
static gboolean
private_mode_allowed (const char *number, gsize len)
{
  static const char *const allowed[] = {
    "1", "7", "12", "25", "47", "1047", "1048", "1049", "2004"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (strlen (allowed[i]) == len && strncmp (allowed[i], number, len) == 0)
      return TRUE;
  return FALSE;
}

/* @sequence: what follows ESC [, final byte included. */
static gboolean
csi_allowed (const char *sequence, gsize len)
{
  char final = sequence[len - 1];
  gboolean private = sequence[0] == '?';

  if (private)
    {
      /* One mode at a time is enough to be sure of each. */
      if (final == 'J' || final == 'K')
        return strspn (sequence + 1, "0123456789") == len - 2;
      return (final == 'h' || final == 'l') && private_mode_allowed (sequence + 1, len - 2);
    }
  if (strspn (sequence, "0123456789;:") != len - 1)
    return FALSE;
  /* h and l: insert mode only. Never n, c, x (reports), t (window), i (print), q (keyboard
   * lights). */
  if (final == 'h' || final == 'l')
    return len == 2 && sequence[0] == '4';
  return strchr ("@ABCDEFGHJKLMPSTXZ`abdefgmrsu", final) != NULL;
}

static void
end_csi (BhTerminalFilter *filter, GString *out)
{
  filter->state = GROUND;
  if (filter->mode == BH_TERMINAL_SCREEN && !filter->too_long
      && csi_allowed (filter->sequence, filter->sequence_len))
    {
      g_string_append (out, "\033[");
      g_string_append_len (out, filter->sequence, filter->sequence_len);
    }
}

static void
escape_byte (BhTerminalFilter *filter, guchar c, GString *out)
{
  filter->state = GROUND;
  if (c == '[')
    {
      filter->state = CSI;
      filter->sequence_len = 0;
      filter->too_long = FALSE;
    }
  else if (strchr ("]PX^_", c) != NULL && c != '\0')
    filter->state = STRING;
  else if (strchr ("()*+-./", c) != NULL && c != '\0')
    {
      filter->state = CHARSET;
      filter->sequence[0] = (char) c;
    }
  else if (c == 033)
    filter->state = ESCAPE;
  /* Save and restore the cursor, index, next line, reverse index, keypad modes. */
  else if (filter->mode == BH_TERMINAL_SCREEN && c != '\0' && strchr ("78DEM=>", c) != NULL)
    {
      g_string_append_c (out, '\033');
      g_string_append_c (out, (char) c);
    }
}

static void
csi_byte (BhTerminalFilter *filter, guchar c, GString *out)
{
  /* CAN, SUB and a new ESC end a sequence; other controls inside one are dropped. */
  if (c == 0x18 || c == 0x1a)
    filter->state = GROUND;
  else if (c == 033)
    filter->state = ESCAPE;
  else if (c >= 0x20 && c <= 0x7e)
    {
      if (filter->sequence_len < sizeof filter->sequence)
        filter->sequence[filter->sequence_len++] = (char) c;
      else
        filter->too_long = TRUE;
      if (c >= 0x40)
        end_csi (filter, out);
    }
}

static void
ground_char (BhTerminalFilter *filter, gunichar c, GString *out)
{
  gboolean screen = filter->mode == BH_TERMINAL_SCREEN;

  if (c < 0x20)
    {
      if (c == '\n' || c == '\t'
          || (screen && (c == '\r' || c == '\b' || c == '\a' || c == 016 || c == 017)))
        g_string_append_c (out, (char) c);
      return;
    }
  /* DEL, the C1 controls (CSI and OSC in one character), and what reorders text. */
  if ((c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)
      || c == 0x200e || c == 0x200f || c == 0x061c || c == 0x2028 || c == 0x2029)
    return;
  g_string_append_unichar (out, c);
}

static guint
utf8_length (guchar first)
{
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return 2;
  if ((first & 0xf0) == 0xe0)
    return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static void ground_byte (BhTerminalFilter *filter, guchar c, GString *out);

/* A character that cannot become whole: one sign for what came of it, then @c anew. */
static void
broken_character (BhTerminalFilter *filter, guchar c, GString *out)
{
  filter->utf8_len = 0;
  g_string_append (out, "\357\277\275");
  ground_byte (filter, c, out);
}

static void
ground_byte (BhTerminalFilter *filter, guchar c, GString *out)
{
  gunichar character;

  if (filter->utf8_len == 0)
    {
      if (c == 033)
        filter->state = ESCAPE;
      else if (c < 0x80)
        ground_char (filter, c, out);
      else if (utf8_length (c) == 0)
        g_string_append (out, "\357\277\275");
      else
        filter->utf8[filter->utf8_len++] = c;
      return;
    }
  if ((c & 0xc0) != 0x80)
    {
      broken_character (filter, c, out);
      return;
    }
  filter->utf8[filter->utf8_len++] = c;
  if (filter->utf8_len < utf8_length (filter->utf8[0]))
    return;
  character = g_utf8_get_char_validated ((const char *) filter->utf8, filter->utf8_len);
  filter->utf8_len = 0;
  if (character == (gunichar) -1 || character == (gunichar) -2)
    g_string_append (out, "\357\277\275");
  else
    ground_char (filter, character, out);
}

static void
charset_byte (BhTerminalFilter *filter, guchar c, GString *out)
{
  filter->state = c == 033 ? ESCAPE : GROUND;
  /* US-ASCII and line drawing. */
  if (filter->mode == BH_TERMINAL_SCREEN && (c == 'B' || c == '0')
      && (filter->sequence[0] == '(' || filter->sequence[0] == ')'))
    g_string_append_printf (out, "\033%c%c", filter->sequence[0], c);
}

void
bh_terminal_filter_push (BhTerminalFilter *filter, const void *data, gsize len, GString *out)
{
  const guchar *bytes = data;

  for (gsize i = 0; i < len; i++)
    {
      guchar c = bytes[i];

      switch (filter->state)
        {
        case GROUND:
          ground_byte (filter, c, out);
          break;
        case ESCAPE:
          escape_byte (filter, c, out);
          break;
        case CSI:
          csi_byte (filter, c, out);
          break;
        case CHARSET:
          charset_byte (filter, c, out);
          break;
        case STRING:
          if (c == 033)
            filter->state = STRING_ESCAPE;
          else if (c == '\a' || c == 0x18 || c == 0x1a)
            filter->state = GROUND;
          break;
        case STRING_ESCAPE:
          /* ESC \ ends it; ESC and another byte begins something new. */
          filter->state = GROUND;
          if (c != '\\')
            escape_byte (filter, c, out);
          break;
        }
    }
}
