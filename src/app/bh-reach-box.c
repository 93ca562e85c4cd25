/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an AppVM may reach, as a row of small icons. Whoever shows it says its text to screen readers. */
#include "config.h"

#include "bh-reach-box.h"

#include "bh-reach.h"

#include <glib/gi18n.h>

/* A row in the list is narrow. */
#define MAX_ICONS 5

struct _BhReachBox
{
  GtkBox parent_instance;
  GVariant *settings;
  char *text;
};

G_DEFINE_FINAL_TYPE (BhReachBox, bh_reach_box, GTK_TYPE_BOX)

static void
bh_reach_box_finalize (GObject *object)
{
  BhReachBox *self = BH_REACH_BOX (object);

  g_clear_pointer (&self->settings, g_variant_unref);
  g_free (self->text);
  G_OBJECT_CLASS (bh_reach_box_parent_class)->finalize (object);
}

static void
bh_reach_box_class_init (BhReachBoxClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = bh_reach_box_finalize;
  gtk_widget_class_set_css_name (widget_class, "reachbox");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
bh_reach_box_init (BhReachBox *self)
{
  self->text = g_strdup ("");
  gtk_box_set_spacing (GTK_BOX (self), 4);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

static void
add_icon (BhReachBox *self, const BhReachItem *item)
{
  GtkWidget *image = gtk_image_new_from_icon_name (item->icon);

  gtk_widget_set_tooltip_text (image, item->text);
  gtk_image_set_pixel_size (GTK_IMAGE (image), 14);
  gtk_box_append (GTK_BOX (self), image);
}

void
bh_reach_box_set (BhReachBox *self, GVariant *settings)
{
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  GtkWidget *child;

  if (self->settings == settings
      || (self->settings && settings && g_variant_equal (self->settings, settings)))
    return;
  g_clear_pointer (&self->settings, g_variant_unref);
  self->settings = settings ? g_variant_ref (settings) : NULL;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))))
    gtk_box_remove (GTK_BOX (self), child);
  items = settings ? bh_reach_list (settings) : g_ptr_array_new ();
  for (guint i = 0; i < items->len; i++)
    {
      const BhReachItem *item = items->pdata[i];

      if (i < MAX_ICONS)
        add_icon (self, item);
      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", item->text);
    }
  g_free (self->text);
  self->text = text->len > 0 ? g_strdup_printf (_ ("May reach: %s"), text->str) : g_strdup ("");
  gtk_widget_set_visible (GTK_WIDGET (self), items->len > 0);
}

const char *
bh_reach_box_get_text (BhReachBox *self)
{
  return self->text;
}
