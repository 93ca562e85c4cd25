/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Accessible names as people should hear them. */
#include "config.h"

#include "bh-accessible.h"

#include <adwaita.h>

void
bh_accessible_tidy (GtkWidget *root)
{
  if (GTK_IS_BUTTON (root) && gtk_button_get_label (GTK_BUTTON (root))
      && gtk_button_get_use_underline (GTK_BUTTON (root)))
    gtk_accessible_reset_property (GTK_ACCESSIBLE (root), GTK_ACCESSIBLE_PROPERTY_LABEL);
  for (GtkWidget *child = gtk_widget_get_first_child (root); child;
       child = gtk_widget_get_next_sibling (child))
    bh_accessible_tidy (child);
}

static void
on_shown_changed (GtkWidget *container)
{
  GtkWidget *shown = NULL;
  gboolean all = FALSE;

  g_object_get (container, "visible-child", &shown, NULL);
  if (ADW_IS_LEAFLET (container))
    all = !adw_leaflet_get_folded (ADW_LEAFLET (container));
  for (GtkWidget *child = gtk_widget_get_first_child (container); child;
       child = gtk_widget_get_next_sibling (child))
    gtk_accessible_update_state (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_STATE_HIDDEN,
                                 !all && child != shown, -1);
  g_clear_object (&shown);
}

void
bh_accessible_follow (GtkWidget *container)
{
  g_signal_connect (container, "notify::visible-child", G_CALLBACK (on_shown_changed), NULL);
  if (ADW_IS_LEAFLET (container))
    g_signal_connect (container, "notify::folded", G_CALLBACK (on_shown_changed), NULL);
  on_shown_changed (container);
}
