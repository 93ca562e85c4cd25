/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sign of an AppVM: a disc in its colour with its letter, and a mark while it runs. */
#include "config.h"

#include "bh-color-dot.h"

#include "bh-color.h"

#include <math.h>

struct _BhColorDot
{
  GtkWidget parent_instance;
  GdkRGBA color;
  gboolean dark_letter;
  char *letter;
  int size;
  gboolean active;
};

G_DEFINE_FINAL_TYPE (BhColorDot, bh_color_dot, GTK_TYPE_WIDGET)

enum
{
  PROP_SIZE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static GdkRGBA
mix (const GdkRGBA *color, float other, float amount)
{
  return (GdkRGBA){ color->red + (other - color->red) * amount,
                    color->green + (other - color->green) * amount,
                    color->blue + (other - color->blue) * amount, 1 };
}

static void
append_disc (GtkSnapshot *snapshot, float x, float y, float diameter, const GdkRGBA *color)
{
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (x, y, diameter, diameter);
  GskRoundedRect disc;

  gsk_rounded_rect_init_from_rect (&disc, &bounds, diameter / 2);
  gtk_snapshot_push_rounded_clip (snapshot, &disc);
  gtk_snapshot_append_color (snapshot, color, &bounds);
  gtk_snapshot_pop (snapshot);
}

static void
append_letter (BhColorDot *self, GtkSnapshot *snapshot, float x, float y)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->letter);
  g_autoptr (PangoFontDescription) font = pango_font_description_new ();
  PangoRectangle ink;
  GdkRGBA black = { 0, 0, 0, 0.8f }, white = { 1, 1, 1, 1 };

  pango_font_description_set_weight (font, PANGO_WEIGHT_BOLD);
  pango_font_description_set_absolute_size (font, self->size * 0.46 * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  /* By its ink: letters without descenders look too high when their line box is centred. */
  pango_layout_get_pixel_extents (layout, &ink, NULL);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT (x + (self->size - ink.width) / 2.0f - ink.x,
                                                y + (self->size - ink.height) / 2.0f - ink.y));
  gtk_snapshot_append_layout (snapshot, layout, self->dark_letter ? &black : &white);
  gtk_snapshot_restore (snapshot);
}

static void
append_mark (BhColorDot *self, GtkSnapshot *snapshot, float x, float y)
{
  float diameter = roundf (self->size * 0.3f), gap = MAX (2, roundf (self->size * 0.05f));
  GdkRGBA green = { 0.18f, 0.76f, 0.49f, 1 }, behind = { 1, 1, 1, 1 };

  gtk_style_context_lookup_color (gtk_widget_get_style_context (GTK_WIDGET (self)),
                                  "window_bg_color", &behind);
  x += self->size - diameter + 1;
  y += self->size - diameter + 1;
  append_disc (snapshot, x - gap, y - gap, diameter + 2 * gap, &behind);
  append_disc (snapshot, x, y, diameter, &green);
}

static void
bh_color_dot_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  BhColorDot *self = BH_COLOR_DOT (widget);
  float x = (gtk_widget_get_width (widget) - self->size) / 2;
  float y = (gtk_widget_get_height (widget) - self->size) / 2;
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (x, y, self->size, self->size);
  GdkRGBA edge = mix (&self->color, 0, 0.2f);
  GskColorStop stops[] = { { 0, mix (&self->color, 1, 0.12f) }, { 1, self->color } };
  GskRoundedRect disc;

  gsk_rounded_rect_init_from_rect (&disc, &bounds, self->size / 2.0f);
  gtk_snapshot_push_rounded_clip (snapshot, &disc);
  gtk_snapshot_append_linear_gradient (snapshot, &bounds, &GRAPHENE_POINT_INIT (x, y),
                                       &GRAPHENE_POINT_INIT (x, y + self->size), stops,
                                       G_N_ELEMENTS (stops));
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_append_border (snapshot, &disc, (float[4]){ 1, 1, 1, 1 },
                              (GdkRGBA[4]){ edge, edge, edge, edge });
  if (self->letter)
    append_letter (self, snapshot, x, y);
  if (self->active)
    append_mark (self, snapshot, x, y);
}

static void
bh_color_dot_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                      int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = BH_COLOR_DOT (widget)->size;
}

static void
bh_color_dot_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_int (value, BH_COLOR_DOT (object)->size);
}

static void
bh_color_dot_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  BhColorDot *self = BH_COLOR_DOT (object);

  self->size = g_value_get_int (value);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
bh_color_dot_finalize (GObject *object)
{
  g_free (BH_COLOR_DOT (object)->letter);
  G_OBJECT_CLASS (bh_color_dot_parent_class)->finalize (object);
}

static void
bh_color_dot_class_init (BhColorDotClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = bh_color_dot_get_property;
  object_class->set_property = bh_color_dot_set_property;
  object_class->finalize = bh_color_dot_finalize;
  widget_class->snapshot = bh_color_dot_snapshot;
  widget_class->measure = bh_color_dot_measure;

  properties[PROP_SIZE] =
      g_param_spec_int ("size", NULL, NULL, 8, 512, 32, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_css_name (widget_class, "colordot");
  /* The name and the state stand beside it as text. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
bh_color_dot_init (BhColorDot *self)
{
  self->size = 32;
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  bh_color_dot_set (self, "gray", "");
}

static char *
first_letter (const char *name)
{
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_isalnum (g_utf8_get_char (p)))
      return g_utf8_strup (p, g_utf8_next_char (p) - p);
  return NULL;
}

void
bh_color_dot_set (BhColorDot *self, const char *color, const char *name)
{
  BhColor c = { 0x77, 0x76, 0x7b };

  bh_color_parse (color, &c);
  self->color = (GdkRGBA){ c.red / 255.0f, c.green / 255.0f, c.blue / 255.0f, 1 };
  self->dark_letter = bh_color_text_is_black (&c);
  g_free (self->letter);
  self->letter = first_letter (name);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
bh_color_dot_set_active (BhColorDot *self, gboolean active)
{
  if (self->active == active)
    return;
  self->active = active;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
