/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Colours of AppVMs. */
#pragma once

#include <glib.h>

/**
 * BhColor:
 * Opaque sRGB, 0 to 255 each.
 */
typedef struct
{
  guint8 red, green, blue;
} BhColor;

typedef struct
{
  const char *name; /* English, also what a key file may say */
  BhColor color;
} BhNamedColor;

/**
 * bh_color_palette:
 * @n: (out): how many
 *
 * The colours offered to people, told apart also by common forms of colour blindness as far as eight can be.
 */
const BhNamedColor *bh_color_palette (gsize *n);

/**
 * bh_color_parse:
 * @text: "#rgb", "#rrggbb", "rgb(r, g, b)" with 0 to 255 each, or a name of the palette, in any case
 * @color: (out): untouched when it returns %FALSE
 */
gboolean bh_color_parse (const char *text, BhColor *color);

/* "#rrggbb" */
char *bh_color_to_string (const BhColor *color);

/**
 * bh_color_text_is_black:
 * Whether black text has the better contrast on @color (WCAG 2.1, relative luminance).
 */
gboolean bh_color_text_is_black (const BhColor *color);
