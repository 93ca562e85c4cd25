/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control of a setting that is a list: of programs, or of commands. */
#include "config.h"

#include "bh-setting-apps.h"

#include "bh-add-window.h"
#include "bh-command-window.h"
#include "bh-commands.h"

#include <glib/gi18n.h>

static gboolean
has_commands (BhSettingRow *row)
{
  return bh_setting_row_get_key (row)->type == BH_KEY_COMMANDS;
}

static const char *
separator (BhSettingRow *row)
{
  return has_commands (row) ? "\n" : ";";
}

static GStrv
dup_items (BhSettingRow *row, const char *value)
{
  return g_strsplit (value, separator (row), -1);
}

/* All but @without. */
static void
propose (BhSettingRow *row, const char *const *ids, const char *without)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new ();
  g_autofree char *text = NULL;

  for (gsize i = 0; ids[i]; i++)
    if (g_strcmp0 (ids[i], without) != 0)
      g_ptr_array_add (left, (gpointer) ids[i]);
  g_ptr_array_add (left, NULL);
  text = g_strjoinv (separator (row), (char **) left->pdata);
  bh_setting_row_propose (row, text, TRUE);
}

static void
on_remove (GtkButton *button, BhSettingRow *row)
{
  g_auto (GStrv) ids = dup_items (row, bh_setting_row_get_value (row));
  /* The button goes away with its chip. */
  g_autofree char *id = g_strdup (g_object_get_data (G_OBJECT (button), "id"));

  propose (row, (const char *const *) ids, id);
  bh_setting_row_focus (row);
}

static void
on_added (BhAddWindow *window, GStrv chosen, BhSettingRow *row)
{
  g_auto (GStrv) ids = dup_items (row, bh_setting_row_get_value (row));
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_auto (GStrv) together = NULL;

  g_strv_builder_addv (all, (const char **) ids);
  g_strv_builder_addv (all, (const char **) chosen);
  together = g_strv_builder_end (all);
  propose (row, (const char *const *) together, NULL);
}

static void
on_command (GtkWindow *window, const char *id, gpointer user_data)
{
  BhSettingRow *row = user_data;
  const char *value = bh_setting_row_get_value (row);
  g_autofree char *all = g_strdup_printf ("%s%s%s", value, *value != '\0' ? "\n" : "",
                                          id + strlen (BH_COMMAND_PREFIX));

  bh_setting_row_propose (row, all, TRUE);
}

static void
on_add_command (GtkButton *button, BhSettingRow *row)
{
  g_auto (GStrv) lines = dup_items (row, bh_setting_row_get_value (row));

  for (char **p = lines; *p; p++)
    {
      char *id = g_strconcat (BH_COMMAND_PREFIX, *p, NULL);

      g_free (*p);
      *p = id;
    }
  gtk_window_present (bh_command_window_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (row))),
                                             (const char *const *) lines, on_command,
                                             G_OBJECT (row)));
}

static void
on_add (GtkButton *button, BhSettingRow *row)
{
  g_auto (GStrv) ids = dup_items (row, bh_setting_row_get_value (row));
  GtkWindow *window =
      bh_add_window_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (row))),
                         bh_setting_row_get_programs (row), (const char *const *) ids);

  g_signal_connect_object (window, "chosen", G_CALLBACK (on_added), row, 0);
  gtk_window_present (window);
}

static GtkWidget *
make_chip (BhSettingRow *row, const char *id)
{
  g_autofree char *full = g_strconcat (has_commands (row) ? BH_COMMAND_PREFIX : "", id, NULL);
  g_autoptr (BhProgram) program = bh_program_list_lookup (bh_setting_row_get_programs (row), full);
  const char *name = bh_program_get_name (program);
  GtkWidget *chip = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *image = gtk_image_new_from_gicon (bh_program_get_icon (program));
  GtkWidget *label = gtk_label_new (name);
  GtkWidget *remove = gtk_button_new_from_icon_name ("window-close-symbolic");
  g_autofree char *tooltip = g_strdup_printf (_ ("Remove %s"), name);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_tooltip_text (label, bh_program_get_summary (program));
  gtk_widget_set_tooltip_text (remove, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (remove), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                  -1);
  gtk_widget_add_css_class (remove, "flat");
  gtk_widget_add_css_class (remove, "circular");
  g_object_set_data_full (G_OBJECT (remove), "id", g_strdup (id), g_free);
  g_signal_connect_object (remove, "clicked", G_CALLBACK (on_remove), row, 0);
  gtk_box_append (GTK_BOX (chip), image);
  gtk_box_append (GTK_BOX (chip), label);
  gtk_box_append (GTK_BOX (chip), remove);
  gtk_widget_add_css_class (chip, "program-chip");
  gtk_widget_set_halign (chip, GTK_ALIGN_START);
  return chip;
}

GtkWidget *
bh_setting_apps_make (BhSettingRow *row, const BhKey *key)
{
  return gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
}

void
bh_setting_apps_show (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  g_auto (GStrv) ids = dup_items (row, value);
  GtkWidget *add = gtk_button_new ();
  g_autofree char *label = g_strdup_printf (_ ("Add to %s"), _ (key->title));
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (widget)))
    gtk_box_remove (GTK_BOX (widget), child);
  for (gsize i = 0; ids[i]; i++)
    if (*ids[i] != '\0')
      gtk_box_append (GTK_BOX (widget), make_chip (row, ids[i]));
  gtk_accessible_update_property (GTK_ACCESSIBLE (add), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  /* Not the button's own label: assistive technologies would read both. */
  gtk_button_set_child (GTK_BUTTON (add), gtk_label_new (has_commands (row) ? _ ("Add a Command…")
                                                                            : _ ("Add Programs…")));
  gtk_widget_set_halign (add, GTK_ALIGN_START);
  g_signal_connect_object (add, "clicked",
                           has_commands (row) ? G_CALLBACK (on_add_command) : G_CALLBACK (on_add),
                           row, 0);
  gtk_box_append (GTK_BOX (widget), add);
}
