/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The controls of settings, one kind for each type of key. */
#include "config.h"

#include "bh-setting-controls.h"

#include "bh-color-picker.h"
#include "bh-setting-apps.h"
#include "bh-setting-file.h"
#include "bh-setting-folders.h"
#include "bh-setting-home.h"

#include <glib/gi18n.h>

/* Turning a number's wheel gives many values: the last one counts. */
#define NUMBER_DELAY_MS 300
#define TEXT_DELAY_MS 1000

/* A change that waits for the end of typing. */
typedef struct
{
  guint delay;
  void (*propose) (GtkWidget *widget);
} Pending;

static void
flush (GtkWidget *widget)
{
  Pending *pending = g_object_get_data (G_OBJECT (widget), "pending");

  if (pending->delay == 0)
    return;
  g_clear_handle_id (&pending->delay, g_source_remove);
  pending->propose (widget);
}

static gboolean
on_delay (gpointer user_data)
{
  flush (user_data);
  return G_SOURCE_REMOVE;
}

static void
wait_for_end (GtkWidget *widget, guint milliseconds)
{
  Pending *pending = g_object_get_data (G_OBJECT (widget), "pending");

  g_clear_handle_id (&pending->delay, g_source_remove);
  pending->delay = g_timeout_add (milliseconds, on_delay, widget);
}

static void
forget (GtkWidget *widget)
{
  Pending *pending = g_object_get_data (G_OBJECT (widget), "pending");

  g_clear_handle_id (&pending->delay, g_source_remove);
}

static void
pending_free (gpointer data)
{
  Pending *pending = data;

  g_clear_handle_id (&pending->delay, g_source_remove);
  g_free (pending);
}

/* Also flushes it when the focus goes elsewhere. */
static void
make_pending (GtkWidget *widget, void (*propose) (GtkWidget *widget))
{
  Pending *pending = g_new0 (Pending, 1);
  GtkEventController *focus = gtk_event_controller_focus_new ();

  pending->propose = propose;
  g_object_set_data_full (G_OBJECT (widget), "pending", pending, pending_free);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (flush), widget);
  gtk_widget_add_controller (widget, focus);
}

static BhSettingRow *
row_of (GtkWidget *widget)
{
  return g_object_get_data (G_OBJECT (widget), "row");
}

/* String. */

static void
on_entry_changed (GtkEditable *entry)
{
  BhSettingRow *row = row_of (GTK_WIDGET (entry));
  const char *text = gtk_editable_get_text (entry);
  gboolean other = !g_str_equal (text, bh_setting_row_get_value (row));

  gtk_entry_set_icon_from_icon_name (GTK_ENTRY (entry), GTK_ENTRY_ICON_SECONDARY,
                                     other ? "object-select-symbolic" : NULL);
  if (other)
    gtk_entry_set_icon_tooltip_text (GTK_ENTRY (entry), GTK_ENTRY_ICON_SECONDARY, _ ("Apply"));
  bh_setting_row_propose (row, text, FALSE);
}

static void
on_entry_done (GtkWidget *entry)
{
  bh_setting_row_propose (row_of (entry), gtk_editable_get_text (GTK_EDITABLE (entry)), TRUE);
}

static GtkWidget *
make_string (BhSettingRow *row, const BhKey *key)
{
  GtkWidget *entry = gtk_entry_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();

  g_object_set_data (G_OBJECT (entry), "row", row);
  g_signal_connect (entry, "changed", G_CALLBACK (on_entry_changed), NULL);
  g_signal_connect (entry, "activate", G_CALLBACK (on_entry_done), NULL);
  g_signal_connect (entry, "icon-press", G_CALLBACK (on_entry_done), NULL);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (on_entry_done), entry);
  gtk_widget_add_controller (entry, focus);
  return entry;
}

static void
show_string (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  if (!g_str_equal (gtk_editable_get_text (GTK_EDITABLE (widget)), value))
    gtk_editable_set_text (GTK_EDITABLE (widget), value);
  gtk_entry_set_icon_from_icon_name (GTK_ENTRY (widget), GTK_ENTRY_ICON_SECONDARY, NULL);
}

/* Text. */

static char *
text_of (GtkWidget *widget)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (widget));
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

static void
propose_text (GtkWidget *view)
{
  g_autofree char *text = text_of (view);

  bh_setting_row_propose (row_of (view), text, TRUE);
}

static void
on_text_changed (GtkTextBuffer *buffer, GtkWidget *view)
{
  g_autofree char *text = text_of (view);

  bh_setting_row_propose (row_of (view), text, FALSE);
  wait_for_end (view, TEXT_DELAY_MS);
}

static GtkWidget *
make_text (BhSettingRow *row, const BhKey *key)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkWidget *view = gtk_text_view_new ();

  g_object_set_data (G_OBJECT (view), "row", row);
  g_object_set_data (G_OBJECT (scrolled), "view", view);
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (view), GTK_WRAP_WORD_CHAR);
  /* Tab leaves it: one must get out by keyboard. */
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_top_margin (GTK_TEXT_VIEW (view), 8);
  gtk_text_view_set_bottom_margin (GTK_TEXT_VIEW (view), 8);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (view), 8);
  gtk_text_view_set_right_margin (GTK_TEXT_VIEW (view), 8);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (key->title), -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), view);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scrolled), 72);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scrolled), 200);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_widget_add_css_class (scrolled, "setting-text");
  make_pending (view, propose_text);
  g_signal_connect_object (gtk_text_view_get_buffer (GTK_TEXT_VIEW (view)), "changed",
                           G_CALLBACK (on_text_changed), view, 0);
  return scrolled;
}

static void
show_text (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  GtkWidget *view = g_object_get_data (G_OBJECT (widget), "view");
  g_autofree char *now = text_of (view);

  if (!g_str_equal (now, value))
    gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (view)), value, -1);
  forget (view);
}

static void
flush_text (GtkWidget *widget)
{
  flush (g_object_get_data (G_OBJECT (widget), "view"));
}

/* Number. */

static void
propose_number (GtkWidget *spin)
{
  g_autofree char *text =
      g_strdup_printf ("%.0f", gtk_spin_button_get_value (GTK_SPIN_BUTTON (spin)));

  bh_setting_row_propose (row_of (spin), text, TRUE);
}

static void
on_number_changed (GtkWidget *spin)
{
  wait_for_end (spin, NUMBER_DELAY_MS);
}

/* A page that is scrolled with the pointer over a number must not change it. */
static void
remove_scrolling (GtkWidget *spin)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (spin);

  for (guint i = g_list_model_get_n_items (controllers); i-- > 0;)
    {
      g_autoptr (GtkEventController) one = g_list_model_get_item (controllers, i);

      if (GTK_IS_EVENT_CONTROLLER_SCROLL (one))
        gtk_widget_remove_controller (spin, one);
    }
}

static GtkWidget *
make_number (BhSettingRow *row, const BhKey *key)
{
  gboolean fine = key->max - key->min < 1000;
  double step = fine ? 1 : g_strcmp0 (key->unit, "MiB") == 0 ? 64 : 30;
  GtkWidget *spin = gtk_spin_button_new_with_range ((double) key->min, (double) key->max, step);
  int width = snprintf (NULL, 0, "%" G_GINT64_FORMAT, key->max);

  g_object_set_data (G_OBJECT (spin), "row", row);
  gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (spin), TRUE);
  gtk_editable_set_width_chars (GTK_EDITABLE (spin), width);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (spin), width);
  remove_scrolling (spin);
  make_pending (spin, propose_number);
  g_signal_connect (spin, "value-changed", G_CALLBACK (on_number_changed), NULL);
  return spin;
}

static void
show_number (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (widget), g_ascii_strtod (value, NULL));
  forget (widget);
}

/* Switch. */

static void
on_switched (GtkSwitch *control)
{
  bh_setting_row_propose (row_of (GTK_WIDGET (control)),
                          gtk_switch_get_active (control) ? "true" : "false", TRUE);
}

static GtkWidget *
make_bool (BhSettingRow *row, const BhKey *key)
{
  GtkWidget *control = gtk_switch_new ();

  g_object_set_data (G_OBJECT (control), "row", row);
  g_signal_connect (control, "notify::active", G_CALLBACK (on_switched), NULL);
  return control;
}

static void
show_bool (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  gtk_switch_set_active (GTK_SWITCH (widget), g_str_equal (value, "true"));
}

/* Choice. */

static void
on_chosen (GtkDropDown *control)
{
  BhSettingRow *row = row_of (GTK_WIDGET (control));
  guint position = gtk_drop_down_get_selected (control);

  if (position != GTK_INVALID_LIST_POSITION)
    bh_setting_row_propose (row, bh_setting_row_get_key (row)->choices[position], TRUE);
}

static GtkWidget *
make_choice (BhSettingRow *row, const BhKey *key)
{
  GtkStringList *titles = gtk_string_list_new (NULL);
  GtkWidget *control;

  for (gsize i = 0; key->choices[i]; i++)
    gtk_string_list_append (titles,
                            key->choice_titles ? _ (key->choice_titles[i]) : key->choices[i]);
  control = gtk_drop_down_new (G_LIST_MODEL (titles), NULL);
  g_object_set_data (G_OBJECT (control), "row", row);
  g_signal_connect (control, "notify::selected", G_CALLBACK (on_chosen), NULL);
  return control;
}

static void
show_choice (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  guint position = GTK_INVALID_LIST_POSITION;

  for (guint i = 0; key->choices[i]; i++)
    if (g_str_equal (key->choices[i], value))
      position = i;
  gtk_drop_down_set_selected (GTK_DROP_DOWN (widget), position);
}

/* Colour. */

static void
on_color (BhColorPicker *picker)
{
  bh_setting_row_propose (row_of (GTK_WIDGET (picker)), bh_color_picker_get_color (picker), TRUE);
}

static GtkWidget *
make_color (BhSettingRow *row, const BhKey *key)
{
  GtkWidget *picker = g_object_new (BH_TYPE_COLOR_PICKER, NULL);

  g_object_set_data (G_OBJECT (picker), "row", row);
  g_signal_connect (picker, "changed", G_CALLBACK (on_color), NULL);
  return picker;
}

static void
show_color (BhSettingRow *row, GtkWidget *widget, const BhKey *key, const char *value)
{
  bh_color_picker_set_color (BH_COLOR_PICKER (widget), value);
}

const BhSettingControl *
bh_setting_control_for (BhKeyType type)
{
  static const BhSettingControl controls[] = {
    [BH_KEY_STRING] = { TRUE, make_string, show_string, on_entry_done },
    [BH_KEY_TEXT] = { TRUE, make_text, show_text, flush_text },
    [BH_KEY_INT] = { FALSE, make_number, show_number, flush },
    [BH_KEY_BOOL] = { FALSE, make_bool, show_bool, NULL },
    [BH_KEY_ENUM] = { FALSE, make_choice, show_choice, NULL },
    [BH_KEY_COLOR] = { TRUE, make_color, show_color, NULL },
    [BH_KEY_APPS] = { TRUE, bh_setting_apps_make, bh_setting_apps_show, NULL },
    [BH_KEY_LIST] = { TRUE, make_string, show_string, on_entry_done },
    [BH_KEY_FOLDERS] = { TRUE, bh_setting_folders_make, bh_setting_folders_show, NULL },
    [BH_KEY_HOME] = { TRUE, bh_setting_home_make, bh_setting_home_show, NULL },
    [BH_KEY_FILE] = { TRUE, bh_setting_file_make, bh_setting_file_show, NULL },
    [BH_KEY_COMMANDS] = { TRUE, bh_setting_apps_make, bh_setting_apps_show, NULL },
  };

  g_return_val_if_fail ((gsize) type < G_N_ELEMENTS (controls), &controls[BH_KEY_STRING]);
  return &controls[type];
}
