/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One colour of the palette: a radio button that looks like a disc. */
#include "config.h"

#include "bh-color-choice.h"

#include "bh-color-dot.h"

struct _BhColorChoice
{
  GtkCheckButton parent_instance;
  BhColor color;
  GtkWidget *dot, *tick;
};

G_DEFINE_FINAL_TYPE (BhColorChoice, bh_color_choice, GTK_TYPE_CHECK_BUTTON)

static void
choose (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gtk_check_button_set_active (GTK_CHECK_BUTTON (widget), TRUE);
}

static void
bh_color_choice_class_init (BhColorChoiceClass *klass)
{
  /* Check buttons of GTK 4.8 offer assistive technologies no action of their own. */
  gtk_widget_class_install_action (GTK_WIDGET_CLASS (klass), "color.choose", NULL, choose);
}

static void
bh_color_choice_init (BhColorChoice *self)
{
  GtkWidget *overlay = gtk_overlay_new ();

  self->dot = g_object_new (BH_TYPE_COLOR_DOT, "size", 32, NULL);
  self->tick = gtk_image_new_from_icon_name ("object-select-symbolic");
  gtk_overlay_set_child (GTK_OVERLAY (overlay), self->dot);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), self->tick);
  gtk_widget_set_can_target (self->tick, FALSE);
  gtk_widget_add_css_class (self->tick, "color-tick");
  gtk_check_button_set_child (GTK_CHECK_BUTTON (self), overlay);
  gtk_widget_add_css_class (GTK_WIDGET (self), "color-choice");
}

GtkWidget *
bh_color_choice_new (const BhColor *color, const char *name)
{
  BhColorChoice *self = g_object_new (BH_TYPE_COLOR_CHOICE, NULL);
  g_autofree char *text = bh_color_to_string (color);

  self->color = *color;
  bh_color_dot_set (BH_COLOR_DOT (self->dot), text, "");
  if (bh_color_text_is_black (color))
    gtk_widget_add_css_class (self->tick, "dark");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  return GTK_WIDGET (self);
}

const BhColor *
bh_color_choice_get_color (BhColorChoice *self)
{
  return &self->color;
}
