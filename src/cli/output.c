/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tables, lists of fields and JSON on standard output. */
#include "config.h"

#include "output.h"

#include "bh-color.h"
#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define MAX_CELL 500
#define RESET "\033[0m"

typedef struct
{
  char *text;
  BhStyle style;
  gboolean is_color;
} Cell;

typedef struct
{
  char *heading;
  gboolean right;
} Column;

struct _BhTable
{
  GArray *columns;
  GArray *cells;
};

gboolean
bh_output_has_color (FILE *stream)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return isatty (fileno (stream)) && (no_color == NULL || *no_color == '\0')
         && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

const char *
bh_output_style (BhStyle style)
{
  static const char *const sequences[] = { "",         "\033[1m",  "\033[2m",
                                           "\033[32m", "\033[33m", "\033[31m" };

  return sequences[style];
}

gsize
bh_output_width (const char *text)
{
  gsize width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

static void
clear_cell (gpointer cell)
{
  g_free (((Cell *) cell)->text);
}

static void
clear_column (gpointer column)
{
  g_free (((Column *) column)->heading);
}

BhTable *
bh_table_new (const char *first, ...)
{
  BhTable *table = g_new0 (BhTable, 1);
  va_list args;

  table->columns = g_array_new (FALSE, FALSE, sizeof (Column));
  g_array_set_clear_func (table->columns, clear_column);
  table->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (table->cells, clear_cell);
  va_start (args, first);
  for (const char *heading = first; heading != NULL; heading = va_arg (args, const char *))
    {
      Column column = { NULL, heading[0] == '>' };

      column.heading = g_utf8_strup (heading + (column.right ? 1 : 0), -1);
      g_array_append_val (table->columns, column);
    }
  va_end (args);
  return table;
}

void
bh_table_free (BhTable *table)
{
  g_array_unref (table->columns);
  g_array_unref (table->cells);
  g_free (table);
}

static void
add_cell (BhTable *table, const char *text, BhStyle style, gboolean is_color)
{
  Cell cell = { bh_text_clean (text, strlen (text), MAX_CELL), style, is_color };

  g_array_append_val (table->cells, cell);
}

void
bh_table_add (BhTable *table, const char *text, BhStyle style)
{
  add_cell (table, text, style, FALSE);
}

void
bh_table_add_format (BhTable *table, BhStyle style, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  add_cell (table, text, style, FALSE);
}

void
bh_table_add_color (BhTable *table, const char *color)
{
  add_cell (table, color, BH_STYLE_NONE, TRUE);
}

static void
print_cell (FILE *stream, const Cell *cell, gboolean right, gsize width, gboolean last,
            gboolean color)
{
  gsize own = bh_output_width (cell->text);
  int padding = width > own ? (int) (width - own) : 0;
  BhColor rgb;

  if (right)
    fprintf (stream, "%*s", padding, "");
  if (color && cell->is_color && bh_color_parse (cell->text, &rgb))
    fprintf (stream, "\033[48;2;%d;%d;%dm  " RESET " ", rgb.red, rgb.green, rgb.blue);
  if (color && cell->style != BH_STYLE_NONE)
    fprintf (stream, "%s%s" RESET, bh_output_style (cell->style), cell->text);
  else
    fputs (cell->text, stream);
  /* The spot takes three columns that the heading and empty cells have to give as well. */
  if (color && cell->is_color && !bh_color_parse (cell->text, &rgb))
    padding += 3;
  if (!right && !last)
    fprintf (stream, "%*s", padding, "");
}

/* No blanks after the last cell that has something in it. */
static void
print_row (FILE *stream, const BhTable *table, const Cell *cells, const gsize *widths,
           gboolean color)
{
  guint n = table->columns->len;

  while (n > 1 && *cells[n - 1].text == '\0')
    n--;
  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        fputs ("  ", stream);
      print_cell (stream, &cells[i], g_array_index (table->columns, Column, i).right, widths[i],
                  i == n - 1, color);
    }
  fputc ('\n', stream);
}

void
bh_table_print (BhTable *table, FILE *stream)
{
  gboolean color = bh_output_has_color (stream);
  guint n = table->columns->len, rows = table->cells->len / n;
  g_autofree gsize *widths = g_new0 (gsize, n);
  g_autofree Cell *headings = g_new0 (Cell, n);

  for (guint i = 0; i < n; i++)
    {
      headings[i].text = g_array_index (table->columns, Column, i).heading;
      headings[i].style = BH_STYLE_BOLD;
      widths[i] = bh_output_width (headings[i].text);
    }
  for (guint i = 0; i < rows * n; i++)
    {
      const Cell *cell = &g_array_index (table->cells, Cell, i);

      widths[i % n] = MAX (widths[i % n], bh_output_width (cell->text));
      headings[i % n].is_color |= cell->is_color;
    }
  print_row (stream, table, headings, widths, color);
  for (guint row = 0; row < rows; row++)
    print_row (stream, table, &g_array_index (table->cells, Cell, row * n), widths, color);
}

void
bh_output_field (const char *heading, const char *value)
{
  g_autofree char *text = bh_text_clean (value, strlen (value), MAX_CELL);
  gsize width = bh_output_width (heading) + 1;
  gboolean color = bh_output_has_color (stdout);

  printf ("%s%s:%s%*s %s\n", color ? bh_output_style (BH_STYLE_BOLD) : "", heading,
          color ? RESET : "", width < 15 ? (int) (15 - width) : 0, "", text);
}

void
bh_output_text (FILE *stream, const char *text, gsize len)
{
  g_autofree char *clean = bh_text_clean_lines (text, len);

  fputs (clean, stream);
  if (*clean != '\0' && !g_str_has_suffix (clean, "\n"))
    fputc ('\n', stream);
}

char *
bh_output_size (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

static const struct
{
  const char *state, *text;
  BhStyle style;
} states[] = {
  { "stopped", N_ ("stopped"), BH_STYLE_DIM },  { "starting", N_ ("starting"), BH_STYLE_WARNING },
  { "running", N_ ("running"), BH_STYLE_GOOD }, { "stopping", N_ ("stopping"), BH_STYLE_WARNING },
  { "failed", N_ ("failed"), BH_STYLE_BAD },
};

const char *
bh_output_state (const char *state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (state, states[i].state) == 0)
      return _ (states[i].text);
  return state;
}

BhStyle
bh_output_state_style (const char *state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (state, states[i].state) == 0)
      return states[i].style;
  return BH_STYLE_NONE;
}
