/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A box over a tint of an AppVM's colour: CSS cannot take a colour from the program. */
#include "config.h"

#include "bh-tint-box.h"

#include "bh-color.h"

#include <adwaita.h>

struct _BhTintBox
{
  GtkBox parent_instance;
  GdkRGBA color;
};

G_DEFINE_FINAL_TYPE (BhTintBox, bh_tint_box, GTK_TYPE_BOX)

static void
bh_tint_box_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  BhTintBox *self = BH_TINT_BOX (widget);
  AdwStyleManager *style = adw_style_manager_get_default ();
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  graphene_rect_t all = GRAPHENE_RECT_INIT (0, 0, width, height);
  graphene_rect_t edge = GRAPHENE_RECT_INIT (0, 0, 6, height);
  GdkRGBA tint = self->color;

  if (gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL)
    edge.origin.x = width - 6;
  /* Weak enough that the theme's text colours keep their contrast. */
  tint.alpha = adw_style_manager_get_dark (style) ? 0.22f : 0.12f;
  if (!adw_style_manager_get_high_contrast (style))
    gtk_snapshot_append_color (snapshot, &tint, &all);
  gtk_snapshot_append_color (snapshot, &self->color, &edge);
  GTK_WIDGET_CLASS (bh_tint_box_parent_class)->snapshot (widget, snapshot);
}

static void
bh_tint_box_class_init (BhTintBoxClass *klass)
{
  GTK_WIDGET_CLASS (klass)->snapshot = bh_tint_box_snapshot;
}

static void
bh_tint_box_init (BhTintBox *self)
{
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

void
bh_tint_box_set_color (BhTintBox *self, const char *color)
{
  BhColor c = { 0x77, 0x76, 0x7b };

  bh_color_parse (color, &c);
  self->color = (GdkRGBA){ c.red / 255.0f, c.green / 255.0f, c.blue / 255.0f, 1 };
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
