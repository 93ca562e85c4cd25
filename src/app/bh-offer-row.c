/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program of some AppVM as a line: used again and again for other ones as the list is scrolled. */
#include "config.h"

#include "bh-offer-row.h"

#include "bh-busy.h"
#include "bh-color-dot.h"

#include <glib/gi18n.h>

struct _BhOfferRow
{
  GtkBox parent_instance;
  BhOffer *offer;
  GtkImage *image;
  GtkLabel *name, *where;
  BhBusy *busy;
  BhColorDot *dot;
};

G_DEFINE_FINAL_TYPE (BhOfferRow, bh_offer_row, GTK_TYPE_BOX)

static void
update (BhOfferRow *self)
{
  BhProgram *program = bh_offer_get_program (self->offer);
  BhVmItem *item = bh_offer_get_item (self->offer);
  const char *reason = bh_program_get_reason (program);
  gboolean launching = bh_vm_item_is_launching (item, bh_program_get_id (program));
  g_autofree char *status = bh_vm_item_dup_status (item);
  /* Translators: an AppVM's name and its state, "Work – Stopped". */
  g_autofree char *where = g_strdup_printf (_ ("%s – %s"), bh_vm_item_get_name (item),
                                            reason ? reason : status);
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (self));

  gtk_image_set_from_gicon (self->image, bh_program_get_icon (program));
  gtk_image_set_pixel_size (self->image, 32);
  gtk_label_set_text (self->name, bh_program_get_name (program));
  gtk_label_set_text (self->where, where);
  bh_color_dot_set (self->dot, bh_vm_item_get_color (item), bh_vm_item_get_name (item));
  bh_color_dot_set_active (self->dot, bh_vm_item_get_state (item) == BH_VM_RUNNING);
  bh_busy_set (self->busy, launching);
  gtk_widget_set_opacity (GTK_WIDGET (self->image), reason ? 0.4 : 1);
  /* GtkListItem has no accessible label before GTK 4.12. */
  if (parent)
    gtk_accessible_update_property (GTK_ACCESSIBLE (parent), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    bh_program_get_name (program),
                                    GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, where, -1);
}

static void
on_changed (BhVmItem *item, BhOfferRow *self)
{
  update (self);
}

static void
bh_offer_row_dispose (GObject *object)
{
  bh_offer_row_set (BH_OFFER_ROW (object), NULL);
  G_OBJECT_CLASS (bh_offer_row_parent_class)->dispose (object);
}

static void
bh_offer_row_class_init (BhOfferRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_offer_row_dispose;
}

static GtkLabel *
add_label (GtkBox *box)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_box_append (box, label);
  return GTK_LABEL (label);
}

static void
bh_offer_row_init (BhOfferRow *self)
{
  GtkBox *texts = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 2));

  gtk_box_set_spacing (GTK_BOX (self), 12);
  gtk_widget_add_css_class (GTK_WIDGET (self), "offer-row");
  self->image = GTK_IMAGE (gtk_image_new ());
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (self->image));
  gtk_widget_set_hexpand (GTK_WIDGET (texts), TRUE);
  gtk_widget_set_valign (GTK_WIDGET (texts), GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (texts));
  self->name = add_label (texts);
  self->where = add_label (texts);
  gtk_widget_add_css_class (GTK_WIDGET (self->where), "caption");
  gtk_widget_add_css_class (GTK_WIDGET (self->where), "dim-label");
  self->busy = g_object_new (BH_TYPE_BUSY, NULL);
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (self->busy));
  self->dot = g_object_new (BH_TYPE_COLOR_DOT, "size", 28, NULL);
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (self->dot));
}

GtkWidget *
bh_offer_row_new (void)
{
  return g_object_new (BH_TYPE_OFFER_ROW, NULL);
}

void
bh_offer_row_set (BhOfferRow *self, BhOffer *offer)
{
  if (self->offer)
    g_signal_handlers_disconnect_by_data (bh_offer_get_item (self->offer), self);
  g_set_object (&self->offer, offer);
  if (!offer)
    return;
  bh_busy_set (self->busy, FALSE);
  g_signal_connect_object (bh_offer_get_item (offer), "changed", G_CALLBACK (on_changed), self, 0);
  update (self);
}
