/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks which programs to add to an AppVM. */
#include "config.h"

#include "bh-add-window.h"

#include "bh-accessible.h"
#include "bh-program-picker.h"

#include <glib/gi18n.h>

struct _BhAddWindow
{
  AdwWindow parent_instance;
  BhProgramPicker *picker;
  GtkButton *add;
};

G_DEFINE_FINAL_TYPE (BhAddWindow, bh_add_window, ADW_TYPE_WINDOW)

static guint chosen_signal;

static void
update (BhAddWindow *self)
{
  g_auto (GStrv) chosen = bh_program_picker_get_chosen (self->picker);
  guint n = g_strv_length (chosen);
  g_autofree char *label =
      n > 1 ? g_strdup_printf (ngettext ("_Add %u", "_Add %u", n), n) : g_strdup (_ ("_Add"));

  gtk_button_set_label (self->add, label);
  bh_accessible_tidy (GTK_WIDGET (self));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "window.add", n > 0);
}

static void
on_changed (BhProgramPicker *picker, BhAddWindow *self)
{
  update (self);
}

static void
add (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_auto (GStrv) chosen = bh_program_picker_get_chosen (BH_ADD_WINDOW (widget)->picker);

  g_signal_emit (widget, chosen_signal, 0, chosen);
  gtk_window_set_focus (GTK_WINDOW (widget), NULL);
  gtk_window_close (GTK_WINDOW (widget));
}

static void
bh_add_window_class_init (BhAddWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  chosen_signal = g_signal_new ("chosen", BH_TYPE_ADD_WINDOW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_STRV);
  g_type_ensure (BH_TYPE_PROGRAM_PICKER);
  gtk_widget_class_install_action (widget_class, "window.add", NULL, add);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK, "window.add",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-add-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhAddWindow, picker);
  gtk_widget_class_bind_template_child (widget_class, BhAddWindow, add);
}

static void
bh_add_window_init (BhAddWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self->picker, "changed", G_CALLBACK (on_changed), self, 0);
  update (self);
}

GtkWindow *
bh_add_window_new (GtkWindow *parent, BhProgramList *programs, const char *const *present)
{
  BhAddWindow *self = g_object_new (BH_TYPE_ADD_WINDOW, "transient-for", parent, NULL);

  bh_program_picker_set_list (self->picker, programs, present);
  bh_program_picker_focus_search (self->picker);
  return GTK_WINDOW (self);
}
