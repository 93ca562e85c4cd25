/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Colours of AppVMs: what is accepted, and readable text on each. */
#include "bh-color.h"

static void
test_accepted_forms (void)
{
  static const struct
  {
    const char *text, *expected;
  } cases[] = {
    { "#1c71d8", "#1c71d8" }, { "#FFF", "#ffffff" },        { "#abc", "#aabbcc" },
    { "Red", "#c01c28" },     { "rgb(1, 2, 255)", "#0102ff" }, { "rgb(0,0,0)", "#000000" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BhColor color;
      g_autofree char *text = NULL;

      g_assert_true (bh_color_parse (cases[i].text, &color));
      text = bh_color_to_string (&color);
      g_assert_cmpstr (text, ==, cases[i].expected);
    }
}

static void
test_refused_forms (void)
{
  static const char *const cases[] = { "",          "#",         "#12",         "#12345",
                                       "#1234567",  "#gggggg",   "pinkish",     "rgb(1,2)",
                                       "rgb(1,2,256)", "rgb(1,2,3) ", "rgb(-1,2,3)", "rgb(1,2,3,4)" };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BhColor color = { 1, 2, 3 };

      g_assert_false (bh_color_parse (cases[i], &color));
      g_assert_cmpuint (color.red, ==, 1);
    }
}

static void
test_text_contrast (void)
{
  const BhColor white = { 255, 255, 255 }, black = { 0, 0, 0 };
  BhColor yellow, blue;

  g_assert_true (bh_color_text_is_black (&white));
  g_assert_false (bh_color_text_is_black (&black));
  g_assert_true (bh_color_parse ("yellow", &yellow) && bh_color_text_is_black (&yellow));
  g_assert_true (bh_color_parse ("blue", &blue) && !bh_color_text_is_black (&blue));
}

static void
test_palette_is_usable (void)
{
  gsize n;
  const BhNamedColor *palette = bh_color_palette (&n);

  g_assert_cmpuint (n, >=, 8);
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < i; j++)
      {
        int distance = ABS (palette[i].color.red - palette[j].color.red)
                       + ABS (palette[i].color.green - palette[j].color.green)
                       + ABS (palette[i].color.blue - palette[j].color.blue);

        g_assert_cmpstr (palette[i].name, !=, palette[j].name);
        g_assert_cmpint (distance, >, 60);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/color/accepted-forms", test_accepted_forms);
  g_test_add_func ("/color/refused-forms", test_refused_forms);
  g_test_add_func ("/color/text-contrast", test_text_contrast);
  g_test_add_func ("/color/palette-is-usable", test_palette_is_usable);
  return g_test_run ();
}
