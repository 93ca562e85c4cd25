/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program in the picker's list, with a check mark; greyed with the reason when it cannot be
 * chosen. */
#include "config.h"

#include "bh-program-row.h"

#include <glib/gi18n.h>

struct _BhProgramRow
{
  AdwActionRow parent_instance;
  BhProgram *program;
  GtkCheckButton *check;
};

G_DEFINE_FINAL_TYPE (BhProgramRow, bh_program_row, ADW_TYPE_ACTION_ROW)

static guint toggled_signal;

static void
on_check_toggled (GtkCheckButton *check, BhProgramRow *self)
{
  gtk_accessible_update_state (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_STATE_SELECTED,
                               gtk_check_button_get_active (check), -1);
  g_signal_emit (self, toggled_signal, 0);
}

static void
toggle_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  BhProgramRow *self = BH_PROGRAM_ROW (widget);

  bh_program_row_set_chosen (self, !bh_program_row_is_chosen (self));
}

static void
bh_program_row_dispose (GObject *object)
{
  g_clear_object (&BH_PROGRAM_ROW (object)->program);
  G_OBJECT_CLASS (bh_program_row_parent_class)->dispose (object);
}

static void
bh_program_row_class_init (BhProgramRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_program_row_dispose;
  toggled_signal = g_signal_new ("toggled", BH_TYPE_PROGRAM_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
  gtk_widget_class_install_action (widget_class, "row.toggle", NULL, toggle_action);
}

static void
bh_program_row_init (BhProgramRow *self)
{
  /* Names from desktop files may look like markup. */
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self), FALSE);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (self), 1);
}

GtkWidget *
bh_program_row_new (BhProgram *program, gboolean present)
{
  BhProgramRow *self = g_object_new (BH_TYPE_PROGRAM_ROW, NULL);
  GtkWidget *image = gtk_image_new_from_gicon (bh_program_get_icon (program));
  const char *name = bh_program_get_name (program);
  const char *reason = present ? _ ("Already in this AppVM") : bh_program_get_reason (program);
  const char *detail = reason ?: bh_program_get_summary (program);

  self->program = g_object_ref (program);
  self->check = GTK_CHECK_BUTTON (gtk_check_button_new ());
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), detail);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (self), reason ? 3 : 1);
  gtk_image_set_pixel_size (GTK_IMAGE (image), 32);
  adw_action_row_add_prefix (ADW_ACTION_ROW (self), image);
  gtk_widget_set_valign (GTK_WIDGET (self->check), GTK_ALIGN_CENTER);
  gtk_widget_set_focusable (GTK_WIDGET (self->check), FALSE);
  gtk_widget_add_css_class (GTK_WIDGET (self->check), "selection-mode");
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), GTK_WIDGET (self->check));
  if (reason)
    {
      gtk_check_button_set_active (self->check, present);
      gtk_widget_set_sensitive (GTK_WIDGET (self), FALSE);
    }
  else
    adw_action_row_set_activatable_widget (ADW_ACTION_ROW (self), GTK_WIDGET (self->check));
  /* The row has given itself and the check mark their names. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  detail, -1);
  g_signal_connect (self->check, "toggled", G_CALLBACK (on_check_toggled), self);
  return GTK_WIDGET (self);
}

BhProgram *
bh_program_row_get_program (BhProgramRow *self)
{
  return self->program;
}

gboolean
bh_program_row_is_chosen (BhProgramRow *self)
{
  return gtk_widget_get_sensitive (GTK_WIDGET (self)) && gtk_check_button_get_active (self->check);
}

void
bh_program_row_set_chosen (BhProgramRow *self, gboolean chosen)
{
  if (gtk_widget_get_sensitive (GTK_WIDGET (self)))
    gtk_check_button_set_active (self->check, chosen);
}
