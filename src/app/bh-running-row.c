/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program that runs in an AppVM, with a button that asks it to end. */
#include "config.h"

#include "bh-running-row.h"

#include <adwaita.h>
#include <glib/gi18n.h>

GtkWidget *
bh_running_row_new (const BhRunning *running)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *end = gtk_button_new_from_icon_name ("window-close-symbolic");
  g_autofree char *windows =
      g_strdup_printf (ngettext ("%u window", "%u windows", running->windows), running->windows);
  g_autofree char *tooltip = g_strdup_printf (_ ("End %s"), running->label);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), running->label);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), windows);
  gtk_widget_set_tooltip_text (end, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (end), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip, -1);
  gtk_widget_set_valign (end, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (end, "flat");
  gtk_widget_add_css_class (end, "circular");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (end), "u", running->id);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (end), "vm.end-program");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), end);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  windows, -1);
  return row;
}
