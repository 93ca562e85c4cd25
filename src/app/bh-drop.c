/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Programs that are dropped on a window, as desktop files.
 *
 * A dropped file says no more than which of the installed programs is meant: what is in it is not
 * read, and nothing that is not installed can be brought in. */
#include "config.h"

#include "bh-drop.h"

#include "bh-error.h"
#include "bh-keys.h"
#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_FILES 64

GStrv
bh_drop_sort (GSList *files, BhProgramList *programs, GError **refused)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  guint n = 0;

  for (GSList *l = files; l && n < MAX_FILES; l = l->next, n++)
    {
      g_autofree char *name = g_file_get_basename (l->data);
      g_autofree char *shown = name ? bh_text_clean (name, strlen (name), 80) : g_strdup ("");
      g_autoptr (BhProgram) program = NULL;

      if (!name || !bh_app_id_is_valid (name))
        {
          if (refused && !*refused)
            g_set_error (refused, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
                         _ ("“%s” is no application. Drop the desktop file of one that is "
                            "installed on this computer."),
                         shown);
          continue;
        }
      program = bh_program_list_lookup (programs, name);
      if (!bh_program_get_reason (program))
        g_strv_builder_add (ids, name);
      else if (refused && !*refused)
        g_set_error (refused, BH_ERROR, BH_ERROR_PROGRAM_UNSUPPORTED, "%s: %s",
                     bh_program_get_name (program), bh_program_get_reason (program));
    }
  return g_strv_builder_end (ids);
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, BhProgramList *programs)
{
  GtkWidget *widget = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (target));
  BhDropped dropped = (BhDropped) g_object_get_data (G_OBJECT (target), "dropped");
  g_autoptr (GError) refused = NULL;
  g_auto (GStrv) ids = NULL;

  if (!G_VALUE_HOLDS (value, GDK_TYPE_FILE_LIST))
    return FALSE;
  ids = bh_drop_sort (g_value_get_boxed (value), programs, &refused);
  dropped (widget, (const char *const *) ids, refused);
  return TRUE;
}

void
bh_drop_accept (GtkWidget *widget, BhProgramList *programs, BhDropped dropped)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_object_set_data (G_OBJECT (target), "dropped", (gpointer) dropped);
  g_signal_connect_object (target, "drop", G_CALLBACK (on_drop), programs, 0);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (target));
}
