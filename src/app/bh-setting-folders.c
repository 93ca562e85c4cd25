/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control of a setting that is a list of folders. */
#include "config.h"

#include "bh-setting-folders.h"

#include "bh-folders.h"
#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_PATH_CHARS 200

static GPtrArray *
dup_folders (BhSettingRow *row)
{
  return bh_folders_parse (bh_setting_row_get_value (row), BH_FOLDERS_MAX, NULL);
}

static void
propose (BhSettingRow *row, GPtrArray *folders)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *one = bh_folder_to_text (folders->pdata[i]);

      g_string_append_printf (text, "%s%s", i > 0 ? ";" : "", one);
    }
  bh_setting_row_propose (row, text->str, TRUE);
}

static guint
index_of (GObject *control)
{
  return GPOINTER_TO_UINT (g_object_get_data (control, "index"));
}

static void
on_remove (GtkButton *button, BhSettingRow *row)
{
  g_autoptr (GPtrArray) folders = dup_folders (row);

  if (folders && index_of (G_OBJECT (button)) < folders->len)
    {
      g_ptr_array_remove_index (folders, index_of (G_OBJECT (button)));
      propose (row, folders);
    }
  bh_setting_row_focus (row);
}

static void
on_writable (GtkCheckButton *check, BhSettingRow *row)
{
  g_autoptr (GPtrArray) folders = dup_folders (row);

  if (!folders || index_of (G_OBJECT (check)) >= folders->len)
    return;
  ((BhFolder *) folders->pdata[index_of (G_OBJECT (check))])->writable =
      gtk_check_button_get_active (check);
  propose (row, folders);
}

static void
on_chosen (GtkNativeDialog *dialog, int response, BhSettingRow *row)
{
  g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  const char *value = bh_setting_row_get_value (row);

  if (response == GTK_RESPONSE_ACCEPT && path)
    {
      /* The row says what is wrong with it. */
      g_autofree char *all = g_strdup_printf ("%s%s%s", value, *value != '\0' ? ";" : "", path);

      bh_setting_row_propose (row, all, TRUE);
    }
  gtk_native_dialog_destroy (dialog);
}

static void
on_add (GtkButton *button, BhSettingRow *row)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      _ ("Share a Folder"), GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (row))),
      GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Share"), _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_chosen), row, 0);
  /* Nobody else holds it while it is shown. */
  g_object_set_data_full (G_OBJECT (row), "chooser", chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static GtkWidget *
make_line (BhSettingRow *row, const BhFolder *folder, guint index)
{
  g_autofree char *path = bh_text_clean (folder->host, strlen (folder->host), MAX_PATH_CHARS);
  g_autofree char *guest = bh_text_clean (folder->guest, strlen (folder->guest), MAX_PATH_CHARS);
  g_autofree char *tooltip = g_strdup_printf (_ ("Found in the AppVM as %s"), guest);
  g_autofree char *remove_label = g_strdup_printf (_ ("Do not share %s"), path);
  g_autofree char *write_label = g_strdup_printf (_ ("May change %s"), path);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (path);
  GtkWidget *check = gtk_check_button_new ();
  GtkWidget *remove = gtk_button_new_from_icon_name ("window-close-symbolic");

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_START);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_set_tooltip_text (label, tooltip);
  gtk_check_button_set_label (GTK_CHECK_BUTTON (check), _ ("May change it"));
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), folder->writable);
  gtk_widget_set_tooltip_text (check, write_label);
  gtk_widget_set_tooltip_text (remove, remove_label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (remove), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  remove_label, -1);
  gtk_widget_add_css_class (remove, "flat");
  gtk_widget_add_css_class (remove, "circular");
  g_object_set_data (G_OBJECT (check), "index", GUINT_TO_POINTER (index));
  g_object_set_data (G_OBJECT (remove), "index", GUINT_TO_POINTER (index));
  g_signal_connect_object (check, "toggled", G_CALLBACK (on_writable), row, 0);
  g_signal_connect_object (remove, "clicked", G_CALLBACK (on_remove), row, 0);
  gtk_box_append (GTK_BOX (line), gtk_image_new_from_icon_name ("folder-symbolic"));
  gtk_box_append (GTK_BOX (line), label);
  gtk_box_append (GTK_BOX (line), check);
  gtk_box_append (GTK_BOX (line), remove);
  gtk_widget_add_css_class (line, "program-chip");
  return line;
}

GtkWidget *
bh_setting_folders_make (BhSettingRow *row, const BhKey *key)
{
  return gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
}

void
bh_setting_folders_show (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  g_autoptr (GPtrArray) folders = bh_folders_parse (value, BH_FOLDERS_MAX, NULL);
  GtkWidget *add = gtk_button_new ();
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (widget)))
    gtk_box_remove (GTK_BOX (widget), child);
  for (guint i = 0; folders && i < folders->len; i++)
    gtk_box_append (GTK_BOX (widget), make_line (row, folders->pdata[i], i));
  gtk_button_set_child (GTK_BUTTON (add), gtk_label_new (_ ("Share a Folder…")));
  gtk_accessible_update_property (GTK_ACCESSIBLE (add), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Share a Folder…"), -1);
  gtk_widget_set_halign (add, GTK_ALIGN_START);
  g_signal_connect_object (add, "clicked", G_CALLBACK (on_add), row, 0);
  gtk_box_append (GTK_BOX (widget), add);
}
