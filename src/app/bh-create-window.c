/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes a new AppVM: name, colour and programs. */
#include "config.h"

#include "bh-create-window.h"

#include "bh-accessible.h"
#include "bh-color-dot.h"
#include "bh-color-picker.h"
#include "bh-color.h"
#include "bh-name-check.h"
#include "bh-program-picker.h"
#include "bh-trouble.h"

#include <glib/gi18n.h>

struct _BhCreateWindow
{
  AdwWindow parent_instance;
  BhVmList *vms;
  BhProgramList *programs;
  GCancellable *cancellable;
  gboolean creating;

  AdwLeaflet *leaflet;
  GtkWidget *form, *choice;
  BhColorDot *dot;
  AdwEntryRow *name;
  GtkLabel *hint;
  BhColorPicker *colors;
  GtkListBox *rows;
  GtkWidget *add_row, *choose;
  BhProgramPicker *picker;
  GtkButton *create;
  GtkSpinner *spinner;
};

G_DEFINE_FINAL_TYPE (BhCreateWindow, bh_create_window, ADW_TYPE_WINDOW)

static guint created_signal;

static char *
dup_name (BhCreateWindow *self)
{
  return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name))));
}

static void
update (BhCreateWindow *self)
{
  g_autofree char *name = dup_name (self);
  gboolean fatal;
  g_autofree char *hint = bh_name_check (self->vms, NULL, name, &fatal);

  bh_color_dot_set (self->dot, bh_color_picker_get_color (self->colors), name);
  gtk_label_set_text (self->hint, hint ?: _ ("Shown on the frame of each of its windows"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->name), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  gtk_label_get_text (self->hint), -1);
  gtk_accessible_update_state (
      GTK_ACCESSIBLE (self->name), GTK_ACCESSIBLE_STATE_INVALID,
      hint && fatal ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
  if (hint && fatal)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->name), "error");
      gtk_widget_add_css_class (GTK_WIDGET (self->hint), "error");
    }
  else
    {
      gtk_widget_remove_css_class (GTK_WIDGET (self->name), "error");
      gtk_widget_remove_css_class (GTK_WIDGET (self->hint), "error");
    }
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "window.create", !fatal && !self->creating);
}

static void
on_changed (GtkWidget *widget, BhCreateWindow *self)
{
  update (self);
}

static void
on_name_applied (AdwEntryRow *row, BhCreateWindow *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "window.create", NULL);
}

static void
on_remove_clicked (GtkButton *button, BhCreateWindow *self)
{
  bh_program_picker_unchoose (self->picker, g_object_get_data (G_OBJECT (button), "program"));
  gtk_widget_grab_focus (self->choose);
}

static GtkWidget *
make_program_row (BhCreateWindow *self, BhProgram *program)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *image = gtk_image_new_from_gicon (bh_program_get_icon (program));
  GtkWidget *remove = gtk_button_new_from_icon_name ("list-remove-symbolic");
  g_autofree char *tooltip = g_strdup_printf (_ ("Remove %s"), bh_program_get_name (program));

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), bh_program_get_name (program));
  gtk_image_set_pixel_size (GTK_IMAGE (image), 32);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), image);
  gtk_widget_set_tooltip_text (remove, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (remove), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                  -1);
  gtk_widget_set_valign (remove, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (remove, "flat");
  gtk_widget_add_css_class (remove, "circular");
  g_object_set_data_full (G_OBJECT (remove), "program", g_strdup (bh_program_get_id (program)),
                          g_free);
  g_signal_connect_object (remove, "clicked", G_CALLBACK (on_remove_clicked), self, 0);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), remove);
  return row;
}

static void
on_programs_changed (BhProgramPicker *picker, BhCreateWindow *self)
{
  g_auto (GStrv) chosen = bh_program_picker_get_chosen (picker);
  GtkWidget *row;

  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->rows))) != self->add_row)
    gtk_list_box_remove (self->rows, row);
  for (gsize i = 0; chosen[i]; i++)
    {
      g_autoptr (BhProgram) program = bh_program_list_lookup (self->programs, chosen[i]);

      gtk_list_box_insert (self->rows, make_program_row (self, program), (int) i);
    }
}

static void
choose_programs (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (widget);

  adw_leaflet_set_visible_child (self->leaflet, self->choice);
  bh_program_picker_focus_search (self->picker);
}

static void
go_back (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (widget);

  if (adw_leaflet_get_visible_child (self->leaflet) == self->form)
    gtk_window_close (GTK_WINDOW (self));
  else
    {
      adw_leaflet_set_visible_child (self->leaflet, self->form);
      gtk_widget_grab_focus (self->choose);
    }
}

static void
set_creating (BhCreateWindow *self, gboolean creating)
{
  self->creating = creating;
  /* Before it becomes insensitive: GtkText complains when the focus leaves it unheard. */
  if (creating)
    gtk_window_set_focus (GTK_WINDOW (self), NULL);
  gtk_spinner_set_spinning (self->spinner, creating);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), creating);
  gtk_widget_set_sensitive (self->form, !creating);
  update (self);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhCreateWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  bh_dbus_manager1_call_create_vm_finish (BH_DBUS_MANAGER1 (source), &path, result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  set_creating (self, FALSE);
  if (error)
    {
      g_dbus_error_strip_remote_error (error);
      bh_trouble_present_plain (GTK_WINDOW (self), _ ("The AppVM Could Not Be Created"), error);
      gtk_widget_grab_focus (GTK_WIDGET (self->name));
      return;
    }
  g_signal_emit (self, created_signal, 0, path);
  gtk_window_close (GTK_WINDOW (self));
}

static void
create (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (widget);
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  g_auto (GStrv) chosen = bh_program_picker_get_chosen (self->picker);
  g_autofree char *programs = g_strjoinv (";", chosen);
  g_autofree char *name = dup_name (self);
  GVariantBuilder settings;

  /* The service went away: the main window says so. */
  if (!manager)
    {
      gtk_window_close (GTK_WINDOW (self));
      return;
    }
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", "Name", name);
  g_variant_builder_add (&settings, "{ss}", "Color", bh_color_picker_get_color (self->colors));
  if (*programs != '\0')
    g_variant_builder_add (&settings, "{ss}", "Applications", programs);
  set_creating (self, TRUE);
  bh_dbus_manager1_call_create_vm (manager, g_variant_builder_end (&settings), self->cancellable,
                                   on_created, self);
}

static void
bh_create_window_dispose (GObject *object)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->vms);
  g_clear_object (&self->programs);
  G_OBJECT_CLASS (bh_create_window_parent_class)->dispose (object);
}

static void
bh_create_window_class_init (BhCreateWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_create_window_dispose;
  created_signal = g_signal_new ("created", BH_TYPE_CREATE_WINDOW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (BH_TYPE_COLOR_DOT);
  g_type_ensure (BH_TYPE_COLOR_PICKER);
  g_type_ensure (BH_TYPE_PROGRAM_PICKER);
  gtk_widget_class_install_action (widget_class, "window.create", NULL, create);
  gtk_widget_class_install_action (widget_class, "window.choose-programs", NULL, choose_programs);
  gtk_widget_class_install_action (widget_class, "window.back", NULL, go_back);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK,
                                       "window.create", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.back", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Left, GDK_ALT_MASK, "window.back",
                                       NULL);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-create-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, form);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, choice);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, dot);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, name);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, hint);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, colors);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, rows);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, add_row);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, choose);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, picker);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, create);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, spinner);
  gtk_widget_class_bind_template_callback (widget_class, on_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_name_applied);
  gtk_widget_class_bind_template_callback (widget_class, on_programs_changed);
}

static void
bh_create_window_init (BhCreateWindow *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->leaflet));
}

/* The first of the palette that no AppVM has, so that colours tell AppVMs apart by themselves. */
static void
propose_color (BhCreateWindow *self)
{
  gsize n;
  const BhNamedColor *palette = bh_color_palette (&n);
  guint n_vms = g_list_model_get_n_items (G_LIST_MODEL (self->vms));

  /* Blue is the friendliest beginning; red is kept for last, since people take it for a warning. */
  for (gsize i = 0; i < n; i++)
    {
      const BhColor *color = &palette[(i + 4) % n].color;
      g_autofree char *text = bh_color_to_string (color);
      gboolean used = FALSE;

      for (guint j = 0; j < n_vms && !used; j++)
        {
          g_autoptr (BhVmItem) item = g_list_model_get_item (G_LIST_MODEL (self->vms), j);

          used = g_ascii_strcasecmp (bh_vm_item_get_color (item), text) == 0;
        }
      if (!used)
        {
          bh_color_picker_set_color (self->colors, text);
          return;
        }
    }
}

GtkWindow *
bh_create_window_new (GtkWindow *parent, BhVmList *vms, BhProgramList *programs)
{
  BhCreateWindow *self = g_object_new (BH_TYPE_CREATE_WINDOW, "transient-for", parent, NULL);

  self->vms = g_object_ref (vms);
  self->programs = g_object_ref (programs);
  bh_program_picker_set_list (self->picker, programs, NULL);
  propose_color (self);
  update (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->name));
  return GTK_WINDOW (self);
}
