/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Colours of AppVMs. */
#include "config.h"

#include "bh-color.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const BhNamedColor palette[] = {
  { "red", { 0xc0, 0x1c, 0x28 } },    { "orange", { 0xe6, 0x61, 0x00 } },
  { "yellow", { 0xf5, 0xc2, 0x11 } }, { "green", { 0x2e, 0xa0, 0x4f } },
  { "blue", { 0x1c, 0x71, 0xd8 } },   { "purple", { 0x81, 0x3d, 0x9c } },
  { "brown", { 0x86, 0x5e, 0x3c } },  { "gray", { 0x77, 0x76, 0x7b } },
};

const BhNamedColor *
bh_color_palette (gsize *n)
{
  *n = G_N_ELEMENTS (palette);
  return palette;
}

static gboolean
parse_hex (const char *digits, BhColor *color)
{
  gsize len = strlen (digits);
  guint8 v[6];

  if (len != 3 && len != 6)
    return FALSE;
  for (gsize i = 0; i < len; i++)
    {
      if (!g_ascii_isxdigit (digits[i]))
        return FALSE;
      v[i] = (guint8) g_ascii_xdigit_value (digits[i]);
    }
  if (len == 3)
    *color = (BhColor){ (guint8) (v[0] * 17), (guint8) (v[1] * 17), (guint8) (v[2] * 17) };
  else
    *color = (BhColor){ (guint8) (v[0] << 4 | v[1]), (guint8) (v[2] << 4 | v[3]),
                        (guint8) (v[4] << 4 | v[5]) };
  return TRUE;
}

gboolean
bh_color_parse (const char *text, BhColor *color)
{
  unsigned r, g, b;
  int end = -1;

  if (text[0] == '#')
    return parse_hex (text + 1, color);
  if (sscanf (text, "rgb( %3u , %3u , %3u )%n", &r, &g, &b, &end) == 3 && end >= 0
      && text[end] == '\0' && r < 256 && g < 256 && b < 256)
    {
      *color = (BhColor){ (guint8) r, (guint8) g, (guint8) b };
      return TRUE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (palette); i++)
    if (g_ascii_strcasecmp (text, palette[i].name) == 0)
      {
        *color = palette[i].color;
        return TRUE;
      }
  return FALSE;
}

char *
bh_color_to_string (const BhColor *color)
{
  return g_strdup_printf ("#%02x%02x%02x", color->red, color->green, color->blue);
}

static double
linear (guint8 channel)
{
  double c = channel / 255.0;

  return c <= 0.04045 ? c / 12.92 : pow ((c + 0.055) / 1.055, 2.4);
}

gboolean
bh_color_text_is_black (const BhColor *color)
{
  double luminance
      = 0.2126 * linear (color->red) + 0.7152 * linear (color->green) + 0.0722 * linear (color->blue);

  /* Contrast with black is (L + 0.05) / 0.05, with white 1.05 / (L + 0.05). */
  return (luminance + 0.05) * (luminance + 0.05) > 0.05 * 1.05;
}
