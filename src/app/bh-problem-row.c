/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A mistake in the file of an AppVM. */
#include "config.h"

#include "bh-problem-row.h"

#include "bh-keys.h"
#include "bh-paths.h"
#include "bh-text.h"
#include "bh-trouble.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#define MAX_CHARS 400

char *
bh_problem_parse (const char *problem, char **key, guint *line)
{
  g_autofree char *clean = bh_text_clean (problem, strlen (problem), MAX_CHARS);
  /* The file's name is an id, and has no colon. */
  g_auto (GStrv) parts = g_strsplit (clean, ":", 4);
  guint64 number = 0;

  if (key)
    *key = NULL;
  if (line)
    *line = 0;
  if (g_strv_length (parts) < 4
      || !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT, &number, NULL))
    return g_steal_pointer (&clean);
  if (line)
    *line = (guint) number;
  g_strstrip (parts[2]);
  if (key && bh_keys_find (parts[2]))
    *key = g_strdup (parts[2]);
  g_strstrip (parts[3]);
  /* Most name their key themselves. */
  return g_str_has_prefix (parts[3], parts[2]) ? g_strdup (parts[3])
                                               : g_strdup_printf ("%s: %s", parts[2], parts[3]);
}

static void
on_reset (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkWindow) window = user_data;
  g_autoptr (GError) error = NULL;

  if (bh_dbus_vm1_call_set_finish (BH_DBUS_VM1 (source), NULL, result, &error))
    return;
  g_dbus_error_strip_remote_error (error);
  if (gtk_widget_get_visible (GTK_WIDGET (window)))
    bh_trouble_present_plain (window, _ ("The File Could Not Be Repaired"), error);
}

/* Deletes the line from the file: the default is in force then. */
static void
on_reset_clicked (GtkButton *button, BhVmItem *item)
{
  const char *key = g_object_get_data (G_OBJECT (button), "key");
  GVariantBuilder settings;

  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", key, "");
  bh_dbus_vm1_call_set (bh_vm_item_get_proxy (item), g_variant_builder_end (&settings), NULL,
                        on_reset, g_object_ref (gtk_widget_get_root (GTK_WIDGET (button))));
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!gtk_show_uri_full_finish (GTK_WINDOW (source), result, &error)
      && gtk_widget_get_visible (GTK_WIDGET (source)))
    bh_trouble_present_plain (GTK_WINDOW (source), _ ("The File Could Not Be Opened"), error);
}

static void
on_open_clicked (GtkButton *button, BhVmItem *item)
{
  g_autofree char *path = bh_paths_vm_file (bh_vm_item_get_id (item));
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);

  if (uri)
    gtk_show_uri_full (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (button))), uri,
                       GDK_CURRENT_TIME, NULL, on_opened, NULL);
}

static GtkWidget *
make_button (const char *label, GCallback clicked, BhVmItem *item)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (label);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_signal_connect_object (button, "clicked", clicked, item, 0);
  return button;
}

GtkWidget *
bh_problem_row_new (BhVmItem *item, const char *problem)
{
  g_autofree char *key = NULL;
  guint line;
  g_autofree char *what = bh_problem_parse (problem, &key, &line);
  g_autofree char *path = bh_paths_vm_file (bh_vm_item_get_id (item));
  g_autofree char *shown_path = bh_text_clean (path, strlen (path), MAX_CHARS);
  g_autofree char *where =
      line > 0 ? g_strdup_printf (_ ("%s, line %u"), shown_path, line) : g_strdup (shown_path);
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), what);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 6);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), where);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 3);
  /* A name has no default to go back to. */
  if (key && bh_keys_find (key)->fallback)
    {
      g_autofree char *label = g_strdup_printf (_ ("_Reset %s"), _ (bh_keys_find (key)->title));
      GtkWidget *reset = make_button (label, G_CALLBACK (on_reset_clicked), item);

      g_object_set_data_full (G_OBJECT (reset), "key", g_steal_pointer (&key), g_free);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), reset);
    }
  else
    adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                               make_button (_ ("_Open File"), G_CALLBACK (on_open_clicked), item));
  return row;
}
