/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control of where a home is kept. */
#include "config.h"

#include "bh-setting-home.h"

#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>

enum
{
  NOWHERE,
  DISK,
  FOLDER
};

#define MAX_PATH_CHARS 200

static guint
position_of (const char *value)
{
  return value[0] == '/' ? FOLDER : g_str_equal (value, "disk") ? DISK : NOWHERE;
}

static void
on_folder (GtkNativeDialog *dialog, int response, BhSettingRow *row)
{
  g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  GtkDropDown *choice = g_object_get_data (G_OBJECT (row), "home-choice");

  /* The row says what is wrong with it. */
  if (response == GTK_RESPONSE_ACCEPT && path)
    bh_setting_row_propose (row, path, TRUE);
  else
    gtk_drop_down_set_selected (choice, position_of (bh_setting_row_get_value (row)));
  gtk_native_dialog_destroy (dialog);
}

static void
choose_folder (BhSettingRow *row)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      _ ("Choose a Home Folder"), GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (row))),
      GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Use as Home"), _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_folder), row, 0);
  /* Nobody else holds it while it is shown. */
  g_object_set_data_full (G_OBJECT (row), "chooser", chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
on_chosen (GtkDropDown *choice, GParamSpec *property, BhSettingRow *row)
{
  guint position = gtk_drop_down_get_selected (choice);

  if (position == position_of (bh_setting_row_get_value (row)))
    return;
  if (position == FOLDER)
    choose_folder (row);
  else if (position != GTK_INVALID_LIST_POSITION)
    bh_setting_row_propose (row, position == DISK ? "disk" : "none", TRUE);
}

GtkWidget *
bh_setting_home_make (BhSettingRow *row, const BhKey *key)
{
  GtkStringList *titles = gtk_string_list_new (NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *choice, *path = gtk_label_new (NULL);

  gtk_string_list_append (titles, _ ("Gone when it stops"));
  gtk_string_list_append (titles, _ ("On a disk of its own"));
  gtk_string_list_append (titles, _ ("A folder of this computer…"));
  choice = gtk_drop_down_new (G_LIST_MODEL (titles), NULL);
  gtk_widget_set_halign (choice, GTK_ALIGN_START);
  gtk_accessible_update_property (GTK_ACCESSIBLE (choice), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (key->title), -1);
  gtk_label_set_xalign (GTK_LABEL (path), 0);
  gtk_label_set_ellipsize (GTK_LABEL (path), PANGO_ELLIPSIZE_START);
  gtk_widget_add_css_class (path, "dim-label");
  gtk_box_append (GTK_BOX (box), choice);
  gtk_box_append (GTK_BOX (box), path);
  g_object_set_data (G_OBJECT (row), "home-choice", choice);
  g_object_set_data (G_OBJECT (box), "path", path);
  g_signal_connect_object (choice, "notify::selected", G_CALLBACK (on_chosen), row, 0);
  return box;
}

void
bh_setting_home_show (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  GtkWidget *path = g_object_get_data (G_OBJECT (widget), "path");
  g_autofree char *clean = bh_text_clean (value, strlen (value), MAX_PATH_CHARS);

  gtk_label_set_text (GTK_LABEL (path), position_of (value) == FOLDER ? clean : "");
  gtk_widget_set_visible (path, position_of (value) == FOLDER);
  gtk_drop_down_set_selected (g_object_get_data (G_OBJECT (row), "home-choice"),
                              position_of (value));
}
