/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program of an AppVM: an icon that launches it. */
#include "config.h"

#include "bh-program-tile.h"

#include "bh-busy.h"

#include <glib/gi18n.h>

struct _BhProgramTile
{
  GtkFlowBoxChild parent_instance;
  BhProgram *program;
  GtkButton *button;
  GtkImage *image;
  GtkLabel *label;
  BhBusy *busy;
  GtkWidget *mark;
  GtkPopover *menu;
  gboolean launching, running;
};

G_DEFINE_FINAL_TYPE (BhProgramTile, bh_program_tile, GTK_TYPE_FLOW_BOX_CHILD)

static void
show_menu (GtkWidget *widget, const char *name, GVariant *parameter)
{
  BhProgramTile *self = BH_PROGRAM_TILE (widget);

  gtk_popover_set_pointing_to (self->menu, NULL);
  gtk_popover_popup (self->menu);
}

static void
remove_program (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_activate_action (widget, "vm.remove-program", "s",
                              bh_program_get_id (BH_PROGRAM_TILE (widget)->program));
}

static void
open_disposable (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_activate_action (widget, "vm.launch-disposable", "s",
                              bh_program_get_id (BH_PROGRAM_TILE (widget)->program));
}

static void
on_secondary_click (GtkGestureClick *gesture, int n_press, double x, double y, BhProgramTile *self)
{
  GdkRectangle point = { (int) x, (int) y, 1, 1 };

  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_popover_set_pointing_to (self->menu, &point);
  gtk_popover_popup (self->menu);
}

static void
on_long_press (GtkGestureLongPress *gesture, double x, double y, BhProgramTile *self)
{
  GdkRectangle point = { (int) x, (int) y, 1, 1 };

  gtk_popover_set_pointing_to (self->menu, &point);
  gtk_popover_popup (self->menu);
}

static void
update_description (BhProgramTile *self)
{
  const char *reason = bh_program_get_reason (self->program);
  const char *summary = bh_program_get_summary (self->program);
  const char *description = reason            ? reason
                            : self->launching ? _ ("Starting")
                            : self->running   ? _ ("Running")
                                              : summary;

  gtk_accessible_update_property (GTK_ACCESSIBLE (self->button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  bh_program_get_name (self->program),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
}

static void
bh_program_tile_dispose (GObject *object)
{
  BhProgramTile *self = BH_PROGRAM_TILE (object);

  g_clear_pointer ((GtkWidget **) &self->menu, gtk_widget_unparent);
  g_clear_object (&self->program);
  G_OBJECT_CLASS (bh_program_tile_parent_class)->dispose (object);
}

static void
bh_program_tile_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  GTK_WIDGET_CLASS (bh_program_tile_parent_class)->size_allocate (widget, width, height, baseline);
  gtk_popover_present (BH_PROGRAM_TILE (widget)->menu);
}

static void
bh_program_tile_class_init (BhProgramTileClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_program_tile_dispose;
  widget_class->size_allocate = bh_program_tile_size_allocate;
  g_type_ensure (BH_TYPE_BUSY);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-program-tile.ui");
  gtk_widget_class_bind_template_child (widget_class, BhProgramTile, button);
  gtk_widget_class_bind_template_child (widget_class, BhProgramTile, image);
  gtk_widget_class_bind_template_child (widget_class, BhProgramTile, label);
  gtk_widget_class_bind_template_child (widget_class, BhProgramTile, busy);
  gtk_widget_class_bind_template_child (widget_class, BhProgramTile, mark);
  gtk_widget_class_bind_template_callback (widget_class, on_secondary_click);
  gtk_widget_class_bind_template_callback (widget_class, on_long_press);
  gtk_widget_class_install_action (widget_class, "menu.popup", NULL, show_menu);
  gtk_widget_class_install_action (widget_class, "tile.disposable", NULL, open_disposable);
  gtk_widget_class_install_action (widget_class, "tile.remove", NULL, remove_program);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "menu.popup",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "menu.popup", NULL);
}

static void
bh_program_tile_init (BhProgramTile *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static GMenuModel *
make_menu (const char *id)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuItem) open = g_menu_item_new (_ ("_Open"), NULL);
  const char *const others[][2] = { { N_ ("Open in a _Disposable"), "tile.disposable" },
                                    { N_ ("_Remove From This AppVM"), "tile.remove" } };

  g_menu_item_set_action_and_target (open, "vm.launch", "s", id);
  g_menu_append_item (menu, open);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (_ (others[i][0]), others[i][1]);

      g_menu_item_set_attribute (item, "hidden-when", "s", "action-disabled");
      g_menu_append_item (menu, item);
    }
  return G_MENU_MODEL (menu);
}

GtkWidget *
bh_program_tile_new (BhProgram *program)
{
  BhProgramTile *self = g_object_new (BH_TYPE_PROGRAM_TILE, NULL);
  const char *reason = bh_program_get_reason (program), *summary = bh_program_get_summary (program);
  g_autoptr (GMenuModel) menu = make_menu (bh_program_get_id (program));

  self->program = g_object_ref (program);
  gtk_image_set_from_gicon (self->image, bh_program_get_icon (program));
  gtk_label_set_text (self->label, bh_program_get_name (program));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->button), reason ? reason
                                                          : *summary != '\0'
                                                              ? summary
                                                              : bh_program_get_name (program));
  if (reason)
    gtk_widget_add_css_class (GTK_WIDGET (self), "unusable");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->button), "s",
                                    bh_program_get_id (program));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->button), "vm.launch");
  self->menu = GTK_POPOVER (gtk_popover_menu_new_from_model (menu));
  gtk_popover_set_has_arrow (self->menu, FALSE);
  gtk_widget_set_parent (GTK_WIDGET (self->menu), GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  bh_program_get_name (program), -1);
  update_description (self);
  return GTK_WIDGET (self);
}

BhProgram *
bh_program_tile_get_program (BhProgramTile *self)
{
  return self->program;
}

void
bh_program_tile_set_state (BhProgramTile *self, gboolean launching, gboolean running)
{
  if (launching != self->launching)
    {
      self->launching = launching;
      if (launching)
        gtk_widget_add_css_class (GTK_WIDGET (self), "launching");
      else
        gtk_widget_remove_css_class (GTK_WIDGET (self), "launching");
      bh_busy_set (self->busy, launching);
    }
  self->running = running;
  gtk_widget_set_opacity (self->mark, running ? 1 : 0);
  update_description (self);
}
