/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM in the sidebar: its sign, name, state and what it may reach. */
#include "config.h"

#include "bh-vm-row.h"

#include "bh-busy.h"
#include "bh-color-dot.h"
#include "bh-main-window.h"
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
  GtkPopover *menu;
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

/* The window's actions are about the chosen one: this one, then. */
static void
choose_and_do (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autofree char *name = g_strconcat ("win.vm-", g_action_get_name (G_ACTION (action)), NULL);

  gtk_widget_activate (user_data);
  gtk_widget_activate_action (user_data, name, NULL);
}

/* These are the page's, which the window passes on. */
static const GActionEntry menu_actions[] = {
  { .name = "open", .activate = choose_and_do },
  { .name = "open-disposable", .activate = choose_and_do },
  { .name = "settings", .activate = choose_and_do },
  { .name = "rename", .activate = choose_and_do },
  { .name = "duplicate", .activate = choose_and_do },
  { .name = "export", .activate = choose_and_do },
  { .name = "delete", .activate = choose_and_do },
};

static void
show_menu (BhVmRow *self, const GdkRectangle *at)
{
  if (!self->menu)
    return;
  gtk_popover_set_pointing_to (self->menu, at);
  gtk_popover_popup (self->menu);
}

static gboolean
popup_menu (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  show_menu (BH_VM_ROW (widget), NULL);
  return GDK_EVENT_STOP;
}

static void
on_secondary_click (GtkGestureClick *gesture, int n_press, double x, double y, BhVmRow *self)
{
  GdkRectangle at = { (int) x, (int) y, 1, 1 };

  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  show_menu (self, &at);
}

static void
on_long_press (GtkGestureLongPress *gesture, double x, double y, BhVmRow *self)
{
  GdkRectangle at = { (int) x, (int) y, 1, 1 };

  show_menu (self, &at);
}

static void
make_menu (BhVmRow *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) first = g_menu_new (), last = g_menu_new ();
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *press = gtk_gesture_long_press_new ();

  if (!bh_vm_item_is_desktop (self->item))
    {
      g_menu_append (first, _ ("_Open Files…"), "row.open");
      if (!bh_vm_item_makes_disposables (self->item))
        g_menu_append (first, _ ("Open Files in a Disposa_ble…"), "row.open-disposable");
      g_menu_append_section (menu, NULL, G_MENU_MODEL (first));
    }
  g_menu_append (menu, _ ("S_ettings…"), "row.settings");
  g_menu_append (menu, _ ("_Rename…"), "row.rename");
  g_menu_append (menu, _ ("D_uplicate…"), "row.duplicate");
  g_menu_append (menu, _ ("E_xport…"), "row.export");
  g_menu_append (last, _ ("_Delete…"), "row.delete");
  g_menu_append_section (menu, NULL, G_MENU_MODEL (last));
  self->menu = GTK_POPOVER (gtk_popover_menu_new_from_model (G_MENU_MODEL (menu)));
  g_action_map_add_action_entries (G_ACTION_MAP (group), menu_actions, G_N_ELEMENTS (menu_actions),
                                   self);
  /* Not the row's own, see above. */
  gtk_widget_insert_action_group (GTK_WIDGET (self->menu), "row", G_ACTION_GROUP (group));
  gtk_popover_set_has_arrow (self->menu, FALSE);
  gtk_widget_set_parent (GTK_WIDGET (self->menu), GTK_WIDGET (self));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "pressed", G_CALLBACK (on_secondary_click), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (press), TRUE);
  g_signal_connect (press, "pressed", G_CALLBACK (on_long_press), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (press));
}

/* As on its page, which it opens. */
static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, BhVmRow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  BhMainWindow *window = BH_MAIN_WINDOW (gtk_widget_get_root (widget));

  gtk_widget_activate (widget);
  return bh_main_window_drop (window, self->item, value);
}

static void
accept_drops (BhVmRow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_signal_connect (target, "drop", G_CALLBACK (on_drop), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

static void
bh_vm_row_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  GTK_WIDGET_CLASS (bh_vm_row_parent_class)->size_allocate (widget, width, height, baseline);
  if (BH_VM_ROW (widget)->menu)
    gtk_popover_present (BH_VM_ROW (widget)->menu);
}

static void
bh_vm_row_dispose (GObject *object)
{
  BhVmRow *self = BH_VM_ROW (object);

  g_clear_pointer ((GtkWidget **) &self->menu, gtk_widget_unparent);
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
  /* No actions: assistive technologies take the first action of a row for its click. */
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, popup_menu, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, popup_menu, NULL);
  widget_class->size_allocate = bh_vm_row_size_allocate;
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
  /* Of a disposable there is nothing to set or to delete. */
  if (!bh_vm_item_get_definition (item))
    make_menu (self);
  if (!bh_vm_item_is_desktop (item))
    accept_drops (self);
  g_signal_connect_object (item, "changed", G_CALLBACK (on_changed), self, 0);
  update (self);
  return GTK_WIDGET (self);
}

BhVmItem *
bh_vm_row_get_item (BhVmRow *self)
{
  return self->item;
}
