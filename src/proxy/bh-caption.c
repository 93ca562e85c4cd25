/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Painting of the caption.
 *
 * Theory of operation: the name comes from the AppVM's key file; the title comes from the guest and
 * was cleaned (bh_text_clean). Name and title are separate layouts in separate places, so a title
 * can neither move nor imitate the name: the badge and the name stand on a panel of their own at
 * the left end. A title in another script makes Pango read a font it has not read yet;
 * bh-isolate.c leaves the font folders readable for that, and nothing else. */
#include "config.h"

#include "bh-caption.h"

#include <pango/pangocairo.h>

#define TEXT_PX 13
#define PAD 6

gboolean
bh_caption_button_x (int width, int i, int *x)
{
  if (width < BH_FRAME_LEAST)
    return FALSE;
  *x = width - BH_FRAME_SIDE - (3 - i) * BH_CAPTION_BUTTON;
  return TRUE;
}

static PangoLayout *
layout_new (cairo_t *cr, const char *text, gboolean bold, int width)
{
  PangoLayout *layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_from_string (bold ? "Sans Bold" : "Sans");

  pango_font_description_set_absolute_size (font, TEXT_PX * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_width (layout, MAX (width, 0) * PANGO_SCALE);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

/* Show @text centred on the caption's height; returns how wide it is. */
static int
show_text (cairo_t *cr, const char *text, gboolean bold, int x, int height, int width)
{
  PangoLayout *layout = layout_new (cr, text, bold, width);
  int w, h;

  pango_layout_get_pixel_size (layout, &w, &h);
  cairo_move_to (cr, x, (height - h) / 2.0);
  pango_cairo_show_layout (cr, layout);
  g_object_unref (layout);
  return w;
}

/* A square with the first letter of the name: the sign that needs no colour. Returns its end. */
static int
paint_badge (cairo_t *cr, BhProxy *proxy, int height, double text)
{
  int side = height - 10, x = BH_FRAME_SIDE + 2;
  char letter[8] = { 0 };
  PangoLayout *layout;
  int w, h;

  g_unichar_to_utf8 (g_unichar_toupper (g_utf8_get_char (proxy->name)), letter);
  cairo_set_source_rgb (cr, text, text, text);
  cairo_rectangle (cr, x, 5, side, side);
  cairo_fill (cr);
  cairo_set_source_rgb (cr, proxy->color.red / 255.0, proxy->color.green / 255.0,
                        proxy->color.blue / 255.0);
  layout = layout_new (cr, letter, TRUE, 64);
  pango_layout_get_pixel_size (layout, &w, &h);
  cairo_move_to (cr, x + (side - w) / 2.0, 5 + (side - h) / 2.0);
  pango_cairo_show_layout (cr, layout);
  g_object_unref (layout);
  return x + side;
}

static void
paint_button (cairo_t *cr, int i, int x, int height, const BhLook *look, double text)
{
  static const BhArea areas[] = { BH_AREA_MINIMIZE, BH_AREA_MAXIMIZE, BH_AREA_CLOSE };
  double cx = x + BH_CAPTION_BUTTON / 2.0, cy = height / 2.0, r = 4.5;

  if (look->hover == areas[i])
    {
      cairo_set_source_rgba (cr, text, text, text, 0.25);
      cairo_arc (cr, cx, cy, 11, 0, 2 * G_PI);
      cairo_fill (cr);
    }
  cairo_set_source_rgb (cr, text, text, text);
  cairo_set_line_width (cr, 1.5);
  switch (i)
    {
    case 0:
      cairo_move_to (cr, cx - r, cy + r);
      cairo_line_to (cr, cx + r, cy + r);
      break;
    case 1:
      if (look->maximized)
        {
          cairo_rectangle (cr, cx - r, cy - r + 3, 2 * r - 3, 2 * r - 3);
          cairo_move_to (cr, cx - r + 3, cy - r);
          cairo_line_to (cr, cx + r, cy - r);
          cairo_line_to (cr, cx + r, cy + r - 3);
        }
      else
        cairo_rectangle (cr, cx - r, cy - r, 2 * r, 2 * r);
      break;
    default:
      cairo_move_to (cr, cx - r, cy - r);
      cairo_line_to (cr, cx + r, cy + r);
      cairo_move_to (cr, cx + r, cy - r);
      cairo_line_to (cr, cx - r, cy + r);
    }
  cairo_stroke (cr);
}

void
bh_caption_paint (BhProxy *proxy, guint32 *pixels, int px_width, int px_height, int width,
                  int height, const BhLook *look, const char *title)
{
  cairo_surface_t *surface = cairo_image_surface_create_for_data (
      (unsigned char *) pixels, CAIRO_FORMAT_RGB24, px_width, px_height, px_width * 4);
  cairo_t *cr = cairo_create (surface);
  double text = bh_color_text_is_black (&proxy->color) ? 0 : 1;
  int x, end = width - BH_FRAME_SIDE, button;

  cairo_set_source_rgb (cr, proxy->color.red / 255.0, proxy->color.green / 255.0,
                        proxy->color.blue / 255.0);
  cairo_paint (cr);
  if (look->caption)
    {
      cairo_scale (cr, (double) px_width / width, (double) px_height / height);
      for (int i = 0; i < 3; i++)
        if (bh_caption_button_x (width, i, &button))
          {
            paint_button (cr, i, button, height, look, text);
            end = MIN (end, button);
          }
      x = paint_badge (cr, proxy, height, text) + PAD;
      cairo_set_source_rgb (cr, text, text, text);
      x += show_text (cr, proxy->name, TRUE, x, height, MIN (end - x - PAD, width / 2)) + PAD;
      if (title[0] != '\0' && end - x > 3 * PAD)
        {
          /* A line between what the host says and what the guest says. */
          cairo_rectangle (cr, x, 7, 1, height - 14);
          cairo_fill (cr);
          cairo_set_source_rgba (cr, text, text, text, look->active ? 1 : 0.7);
          show_text (cr, title, FALSE, x + PAD + 1, height, end - x - 2 * PAD - 1);
        }
    }
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  cairo_surface_destroy (surface);
}

void
bh_caption_warm_up (BhProxy *proxy)
{
  enum
  {
    W = 300,
    H = BH_FRAME_CAPTION
  };
  g_autofree guint32 *pixels = g_new0 (guint32, W * H);
  BhLook look = { .caption = TRUE };

  bh_caption_paint (proxy, pixels, W, H, W, H, &look, "Aÿ…");
}
