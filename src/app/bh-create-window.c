/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes a new AppVM: name, colour, programs and commands, and what it may reach. */
#include "config.h"

#include "bh-create-window.h"

#include "bh-accessible.h"
#include "bh-color-dot.h"
#include "bh-color-picker.h"
#include "bh-color.h"
#include "bh-command-window.h"
#include "bh-commands.h"
#include "bh-drop.h"
#include "bh-name-check.h"
#include "bh-program-picker.h"
#include "bh-reach.h"
#include "bh-setting-file.h"
#include "bh-setting-rows.h"
#include "bh-text.h"
#include "bh-trouble.h"

#include <glib/gi18n.h>

struct _BhCreateWindow
{
  AdwWindow parent_instance;
  BhVmList *vms;
  BhProgramList *programs;
  GCancellable *cancellable;
  GPtrArray *commands; /* ids */
  GHashTable *reach;   /* key → value that is not its default */
  GPtrArray *reach_rows;
  gboolean creating;

  AdwLeaflet *leaflet;
  GtkWidget *form, *choice, *reach_choice;
  AdwActionRow *reach_row;
  AdwPreferencesPage *reach_page;
  GtkLabel *reach_text;
  BhColorDot *dot;
  AdwEntryRow *name;
  GtkLabel *hint;
  BhColorPicker *colors;
  GtkListBox *rows;
  GtkWidget *add_row, *command_row, *image_row, *choose;
  BhProgramPicker *picker;
  GtkSwitch *keep_home;
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

static void show_programs (BhCreateWindow *self);
static void set_reach (BhCreateWindow *self, const char *key, const char *value);

static gboolean
is_desktop (BhCreateWindow *self)
{
  return g_strcmp0 (g_hash_table_lookup (self->reach, "Template"), BH_TEMPLATE_DISK) == 0;
}

static void
on_remove_clicked (GtkButton *button, BhCreateWindow *self)
{
  g_autofree char *id = g_strdup (g_object_get_data (G_OBJECT (button), "program"));
  guint position;

  if (g_str_equal (id, BH_PROGRAM_DESKTOP))
    set_reach (self, "Template", "");
  else if (g_ptr_array_find_with_equal_func (self->commands, id, g_str_equal, &position))
    {
      g_ptr_array_remove_index (self->commands, position);
      show_programs (self);
    }
  else
    bh_program_picker_unchoose (self->picker, id);
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
show_programs (BhCreateWindow *self)
{
  g_auto (GStrv) chosen = bh_program_picker_get_chosen (self->picker);
  GtkWidget *row;
  int n = 0;

  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->rows))) != self->add_row)
    gtk_list_box_remove (self->rows, row);
  gtk_widget_set_visible (self->add_row, !is_desktop (self));
  gtk_widget_set_visible (self->command_row, !is_desktop (self));
  gtk_widget_set_visible (self->image_row, !is_desktop (self));
  gtk_widget_set_sensitive (GTK_WIDGET (self->keep_home), !is_desktop (self));
  if (is_desktop (self))
    {
      g_autoptr (BhProgram) desktop = bh_program_new_desktop ();
      const char *image = g_hash_table_lookup (self->reach, "Image");
      g_autofree char *name = image ? g_path_get_basename (image) : NULL;
      g_autofree char *shown = name ? bh_text_clean (name, strlen (name), 100) : NULL;

      row = make_program_row (self, desktop);
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), shown ?: _ ("No disk image was chosen yet"));
      gtk_list_box_insert (self->rows, row, 0);
      return;
    }
  for (gsize i = 0; chosen[i]; i++)
    {
      g_autoptr (BhProgram) program = bh_program_list_lookup (self->programs, chosen[i]);

      gtk_list_box_insert (self->rows, make_program_row (self, program), n++);
    }
  for (guint i = 0; i < self->commands->len; i++)
    {
      g_autoptr (BhProgram) program =
          bh_program_list_lookup (self->programs, self->commands->pdata[i]);

      gtk_list_box_insert (self->rows, make_program_row (self, program), n++);
    }
}

static void
on_programs_changed (BhProgramPicker *picker, BhCreateWindow *self)
{
  show_programs (self);
}

static void
on_command (GtkWindow *window, const char *id, gpointer user_data)
{
  BhCreateWindow *self = user_data;

  g_ptr_array_add (self->commands, g_strdup (id));
  show_programs (self);
}

static void
add_command (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (widget);
  g_autoptr (GStrvBuilder) present = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;

  for (guint i = 0; i < self->commands->len; i++)
    g_strv_builder_add (present, self->commands->pdata[i]);
  ids = g_strv_builder_end (present);
  gtk_window_present (bh_command_window_new (GTK_WINDOW (self), (const char *const *) ids,
                                             on_command, G_OBJECT (self)));
}

static void
on_dropped (GtkWidget *widget, const char *const *ids, const GError *refused)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (widget);

  for (gsize i = 0; ids[i]; i++)
    bh_program_picker_choose (self->picker, ids[i]);
  if (refused)
    bh_trouble_present_plain (GTK_WINDOW (self), NULL, refused);
}

/* What it may reach, as the rows have it so far: a{ss}. */
static GVariant *
reach_settings (BhCreateWindow *self)
{
  GVariantBuilder settings;
  GHashTableIter iter;
  gpointer key, value;

  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, self->reach);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_variant_builder_add (&settings, "{ss}", key, value);
  return g_variant_ref_sink (g_variant_builder_end (&settings));
}

static void
update_reach (BhCreateWindow *self)
{
  g_autoptr (GVariant) settings = reach_settings (self);
  g_autofree char *text = bh_reach_describe (settings);
  g_autoptr (GPtrArray) list = bh_reach_list (settings);
  g_autoptr (GString) title = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++)
    {
      const BhReachItem *item = list->pdata[i];

      /* Translators: between the things in a list. */
      g_string_append_printf (title, "%s%s", i > 0 ? _ (", ") : "", item->text);
    }
  gtk_label_set_text (self->reach_text, text);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->reach_row),
                                 title->len > 0 ? title->str : _ ("Nothing outside"));
  adw_action_row_set_subtitle (self->reach_row, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->reach_row),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

/* One row decides about others, and about what programs there are. */
static void
show_reach (BhCreateWindow *self)
{
  const char *template = g_hash_table_lookup (self->reach, "Template") ?: "";

  for (guint i = 0; i < self->reach_rows->len; i++)
    bh_setting_row_set_template (self->reach_rows->pdata[i], template);
  update_reach (self);
  show_programs (self);
}

/* As if its row had been used. */
static void
set_reach (BhCreateWindow *self, const char *key, const char *value)
{
  for (guint i = 0; i < self->reach_rows->len; i++)
    if (g_str_equal (bh_setting_row_get_key (self->reach_rows->pdata[i])->name, key))
      bh_setting_row_propose (self->reach_rows->pdata[i],
                              *value ? value : bh_keys_find (key)->fallback, TRUE);
}

static void
on_image_chosen (GtkWidget *widget, const char *path)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (widget);

  set_reach (self, "Template", BH_TEMPLATE_DISK);
  set_reach (self, "Image", path);
}

static void
choose_image (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_setting_file_choose (widget, on_image_chosen);
}

static void
on_reach_proposed (BhSettingRow *row, const char *value, BhCreateWindow *self)
{
  static const char *const about_programs[] = { "Template", "Suite", "Packages", NULL };
  const BhKey *key = bh_setting_row_get_key (row);

  if (*value == '\0' || g_strcmp0 (value, key->fallback) == 0)
    g_hash_table_remove (self->reach, key->name);
  else
    g_hash_table_insert (self->reach, (gpointer) key->name, g_strdup (value));
  bh_setting_row_answer (row, value, NULL);
  show_reach (self);
  if (g_strv_contains (about_programs, key->name))
    {
      g_autoptr (GVariant) settings = reach_settings (self);
      g_autoptr (BhProgramList) list = bh_program_list_for (self->programs, settings);

      bh_program_picker_set_list (self->picker, list, NULL);
    }
}

static void
make_reach (BhCreateWindow *self)
{
  GPtrArray *rows = self->reach_rows;
  AdwPreferencesGroup *group = bh_setting_rows_make (BH_GROUP_REACH, self->programs, NULL, rows);

  adw_preferences_page_add (self->reach_page, group);
  for (guint i = 0; i < rows->len; i++)
    {
      bh_setting_row_set_template (rows->pdata[i], "");
      g_signal_connect_object (rows->pdata[i], "proposed", G_CALLBACK (on_reach_proposed), self, 0);
    }
}

static void
choose_reach (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (widget);

  adw_leaflet_set_visible_child (self->leaflet, self->reach_choice);
  gtk_widget_child_focus (self->reach_choice, GTK_DIR_TAB_FORWARD);
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
      gboolean programs = adw_leaflet_get_visible_child (self->leaflet) == self->choice;

      adw_leaflet_set_visible_child (self->leaflet, self->form);
      gtk_widget_grab_focus (programs ? self->choose : GTK_WIDGET (self->reach_row));
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
  g_autoptr (GVariant) reach = reach_settings (self);
  g_autoptr (GString) commands = g_string_new (NULL);
  GVariantBuilder settings;
  GVariantIter iter;
  const char *key, *value;

  /* The service went away: the main window says so. */
  if (!manager)
    {
      gtk_window_close (GTK_WINDOW (self));
      return;
    }
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", "Name", name);
  g_variant_builder_add (&settings, "{ss}", "Color", bh_color_picker_get_color (self->colors));
  if (*programs != '\0' && !is_desktop (self))
    g_variant_builder_add (&settings, "{ss}", "Applications", programs);
  for (guint i = 0; i < self->commands->len; i++)
    g_string_append_printf (commands, "%s%s", i > 0 ? "\n" : "",
                            (char *) self->commands->pdata[i] + strlen (BH_COMMAND_PREFIX));
  if (commands->len > 0 && !is_desktop (self))
    g_variant_builder_add (&settings, "{ss}", "Commands", commands->str);
  if (gtk_switch_get_active (self->keep_home) && !is_desktop (self))
    g_variant_builder_add (&settings, "{ss}", "Home", "disk");
  g_variant_iter_init (&iter, reach);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value))
    if (bh_key_applies (bh_keys_find (key), is_desktop (self) ? BH_TEMPLATE_DISK : ""))
      g_variant_builder_add (&settings, "{ss}", key, value);
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
bh_create_window_finalize (GObject *object)
{
  BhCreateWindow *self = BH_CREATE_WINDOW (object);

  g_ptr_array_unref (self->commands);
  g_hash_table_unref (self->reach);
  g_ptr_array_unref (self->reach_rows);
  G_OBJECT_CLASS (bh_create_window_parent_class)->finalize (object);
}

static void
bh_create_window_class_init (BhCreateWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_create_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_create_window_finalize;
  created_signal = g_signal_new ("created", BH_TYPE_CREATE_WINDOW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (BH_TYPE_COLOR_DOT);
  g_type_ensure (BH_TYPE_COLOR_PICKER);
  g_type_ensure (BH_TYPE_PROGRAM_PICKER);
  gtk_widget_class_install_action (widget_class, "window.create", NULL, create);
  gtk_widget_class_install_action (widget_class, "window.choose-programs", NULL, choose_programs);
  gtk_widget_class_install_action (widget_class, "window.choose-reach", NULL, choose_reach);
  gtk_widget_class_install_action (widget_class, "window.add-command", NULL, add_command);
  gtk_widget_class_install_action (widget_class, "window.choose-image", NULL, choose_image);
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
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, reach_choice);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, reach_row);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, reach_page);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, reach_text);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, dot);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, name);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, hint);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, colors);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, rows);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, add_row);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, command_row);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, image_row);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, choose);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, picker);
  gtk_widget_class_bind_template_child (widget_class, BhCreateWindow, keep_home);
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
  self->commands = g_ptr_array_new_with_free_func (g_free);
  self->reach = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->reach_rows = g_ptr_array_new ();
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
  bh_drop_accept (GTK_WIDGET (self), programs, on_dropped, NULL);
  make_reach (self);
  update_reach (self);
  propose_color (self);
  update (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->name));
  return GTK_WINDOW (self);
}
