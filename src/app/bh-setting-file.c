/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control of a file of this computer. */
#include "config.h"

#include "bh-setting-file.h"

#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_PATH_CHARS 200

typedef void (*Chosen) (GtkWidget *widget, const char *path);

static void
on_response (GtkNativeDialog *dialog, int response, GtkWidget *widget)
{
  g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  Chosen chosen = (Chosen) g_object_get_data (G_OBJECT (dialog), "chosen");

  gtk_native_dialog_hide (dialog);
  if (response == GTK_RESPONSE_ACCEPT && path)
    chosen (widget, path);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *const *patterns)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, name);
  for (gsize i = 0; patterns[i]; i++)
    gtk_file_filter_add_pattern (filter, patterns[i]);
  gtk_file_chooser_add_filter (chooser, filter);
}

void
bh_setting_file_choose (GtkWidget *widget, Chosen chosen)
{
  static const char *const images[] = { "*.qcow2", "*.img", "*.raw", NULL };
  static const char *const all[] = { "*", NULL };
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      _ ("Choose a Disk Image"), GTK_WINDOW (gtk_widget_get_root (widget)),
      GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Choose"), _ ("_Cancel"));

  add_filter (GTK_FILE_CHOOSER (chooser), _ ("Disk images"), images);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("All files"), all);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_object_set_data (G_OBJECT (chooser), "chosen", (gpointer) chosen);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_response), widget, 0);
  /* Nobody else holds it while it is shown. */
  g_object_set_data_full (G_OBJECT (widget), "chooser", chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
on_chosen (GtkWidget *row, const char *path)
{
  /* The row says what is wrong with it. */
  bh_setting_row_propose (BH_SETTING_ROW (row), path, TRUE);
}

static void
on_clicked (GtkButton *button, GtkWidget *row)
{
  bh_setting_file_choose (row, on_chosen);
}

GtkWidget *
bh_setting_file_make (BhSettingRow *row, const BhKey *key)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *path = gtk_label_new (NULL);
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_Choose…"));

  gtk_label_set_xalign (GTK_LABEL (path), 0);
  gtk_label_set_ellipsize (GTK_LABEL (path), PANGO_ELLIPSIZE_START);
  gtk_widget_set_hexpand (path, TRUE);
  gtk_widget_add_css_class (path, "dim-label");
  gtk_box_append (GTK_BOX (box), path);
  gtk_box_append (GTK_BOX (box), button);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (key->title), -1);
  g_object_set_data (G_OBJECT (box), "path", path);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_clicked), row, 0);
  return box;
}

void
bh_setting_file_show (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  GtkLabel *path = g_object_get_data (G_OBJECT (widget), "path");
  g_autofree char *clean = bh_text_clean (value, strlen (value), MAX_PATH_CHARS);

  gtk_label_set_text (path, *clean ? clean : _ ("None"));
}
