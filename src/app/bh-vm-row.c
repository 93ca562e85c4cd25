/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM in the sidebar: its sign, name, state and what it may reach. */
#include "config.h"

#include "bh-vm-row.h"

#include "bh-busy.h"
#include "bh-color-dot.h"
#include "bh-reach-box.h"

#include <glib/gi18n.h>

struct _BhVmRow
{
  GtkListBoxRow parent_instance;
  BhVmItem *item;
  BhColorDot *dot;
  GtkLabel *name, *status;
  BhReachBox *reach;
  BhBusy *busy;
};

G_DEFINE_FINAL_TYPE (BhVmRow, bh_vm_row, GTK_TYPE_LIST_BOX_ROW)

static void
update (BhVmRow *self)
{
  g_autofree char *status = bh_vm_item_dup_status (self->item);
  g_autofree char *description = NULL;
  const char *reach;
  const char *name = bh_vm_item_get_name (self->item);
  BhVmState state = bh_vm_item_get_state (self->item);
  gboolean busy =
      state == BH_VM_STARTING || state == BH_VM_STOPPING || bh_vm_item_get_job (self->item);

  bh_color_dot_set (self->dot, bh_vm_item_get_color (self->item), name);
  bh_color_dot_set_active (self->dot, state == BH_VM_RUNNING);
  gtk_label_set_text (self->name, name);
  gtk_label_set_text (self->status, status);
  bh_busy_set (self->busy, busy);
  bh_reach_box_set (self->reach, bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (self->item)));
  reach = bh_reach_box_get_text (self->reach);
  /* Translators: the state of an AppVM, and what it may reach; read aloud one after the other. */
  description =
      *reach != '\0' ? g_strdup_printf (C_ ("state and reach", "%s. %s"), status, reach) : NULL;
  gtk_widget_remove_css_class (GTK_WIDGET (self->status),
                               state == BH_VM_FAILED ? "dim-label" : "error");
  gtk_widget_add_css_class (GTK_WIDGET (self->status),
                            state == BH_VM_FAILED ? "error" : "dim-label");
  /* The name alone: the rest is the description, read after it. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description ?: status, -1);
}

static void
on_changed (BhVmItem *item, BhVmRow *self)
{
  update (self);
}

static void
choose_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_activate (widget);
}

static void
bh_vm_row_dispose (GObject *object)
{
  BhVmRow *self = BH_VM_ROW (object);

  g_clear_object (&self->item);
  G_OBJECT_CLASS (bh_vm_row_parent_class)->dispose (object);
}

static void
bh_vm_row_class_init (BhVmRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_vm_row_dispose;
  g_type_ensure (BH_TYPE_BUSY);
  g_type_ensure (BH_TYPE_COLOR_DOT);
  g_type_ensure (BH_TYPE_REACH_BOX);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-vm-row.ui");
  gtk_widget_class_bind_template_child (widget_class, BhVmRow, dot);
  gtk_widget_class_bind_template_child (widget_class, BhVmRow, name);
  gtk_widget_class_bind_template_child (widget_class, BhVmRow, status);
  gtk_widget_class_bind_template_child (widget_class, BhVmRow, reach);
  gtk_widget_class_bind_template_child (widget_class, BhVmRow, busy);
  /* List rows offer assistive technologies no action of their own. */
  gtk_widget_class_install_action (widget_class, "row.choose", NULL, choose_action);
}

static void
bh_vm_row_init (BhVmRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
bh_vm_row_new (BhVmItem *item)
{
  BhVmRow *self = g_object_new (BH_TYPE_VM_ROW, NULL);

  self->item = g_object_ref (item);
  g_signal_connect_object (item, "changed", G_CALLBACK (on_changed), self, 0);
  update (self);
  return GTK_WIDGET (self);
}

BhVmItem *
bh_vm_row_get_item (BhVmRow *self)
{
  return self->item;
}
