/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tables, lists of fields and JSON on standard output.
 *
 * Tables are for people: foreign text in them is cleaned. JSON is for programs: values are
 * whole, and every character that a terminal could take for a command is escaped. */
#pragma once

#include <json-glib/json-glib.h>
#include <stdio.h>

typedef enum
{
  BH_STYLE_NONE,
  BH_STYLE_BOLD,
  BH_STYLE_DIM,
  BH_STYLE_GOOD,
  BH_STYLE_WARNING,
  BH_STYLE_BAD,
} BhStyle;

/* Whether to use colours on @stream: a terminal, and neither NO_COLOR nor TERM=dumb. */
gboolean bh_output_has_color (FILE *stream);

/* Columns that @text takes on a terminal. */
gsize bh_output_width (const char *text);

/* The escape sequence that begins @style; "" for none. */
const char *bh_output_style (BhStyle style);

typedef struct _BhTable BhTable;

/**
 * bh_table_new:
 * @first: headings, ended by %NULL; one that begins with ">" is of a column of numbers, set to the
 *   right
 */
BhTable *bh_table_new (const char *first, ...) G_GNUC_NULL_TERMINATED;
void bh_table_free (BhTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhTable, bh_table_free)

/* Cells are added from left to right, row after row. @text is cleaned. */
void bh_table_add (BhTable *table, const char *text, BhStyle style);
void bh_table_add_format (BhTable *table, BhStyle style, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* "#rrggbb", with a spot of that colour on a colour terminal. */
void bh_table_add_color (BhTable *table, const char *color);
void bh_table_print (BhTable *table, FILE *stream);

/* "Heading: value", the values one below the other. */
void bh_output_field (const char *heading, const char *value);

/* @text with its lines kept, cleaned, to @stream; a line break is added when it has none at its
 * end. */
void bh_output_text (FILE *stream, const char *text, gsize len);

/* 1536 → "1.5 KiB" */
char *bh_output_size (guint64 bytes);
/* "starting" → the word for people */
const char *bh_output_state (const char *state);
BhStyle bh_output_state_style (const char *state);

/* (transfer full). Bytes (ay) become text, U+FFFD where they are not UTF-8. */
JsonNode *bh_json_from_variant (GVariant *value);
/* A dictionary a{sv} as members of @object; their names in the way of JSON: "StartTime" →
 * "start_time". */
void bh_json_add_properties (JsonObject *object, GVariant *properties);
/* Takes @node. */
void bh_json_print (JsonNode *node);
