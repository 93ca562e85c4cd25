/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is dropped on a window: programs, as desktop files, and files to be opened.
 *
 * A dropped desktop file says no more than which of the installed programs is meant: what is in it is not
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
is_program (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);

  return name && bh_app_id_is_valid (name);
}

/* What a widget accepts; its own data. */
typedef struct
{
  BhProgramList *programs;
  BhDropped dropped;
  BhDropOpened opened; /* or NULL */
} Accepted;

static void
accepted_free (gpointer data)
{
  Accepted *accepted = data;

  g_object_unref (accepted->programs);
  g_free (accepted);
}

gboolean
bh_drop_take (GtkWidget *widget, const GValue *value)
{
  Accepted *accepted = g_object_get_data (G_OBJECT (widget), "bh-drop");
  g_autoptr (GError) refused = NULL;
  g_autoptr (GSList) others = NULL, these = NULL;
  g_auto (GStrv) ids = NULL;

  if (!accepted || !G_VALUE_HOLDS (value, GDK_TYPE_FILE_LIST))
    return FALSE;
  for (GSList *l = g_value_get_boxed (value); l; l = l->next)
    if (accepted->opened && !is_program (l->data))
      others = g_slist_append (others, l->data);
    else
      these = g_slist_append (these, l->data);
  if (these)
    {
      ids = bh_drop_sort (these, accepted->programs, &refused);
      accepted->dropped (widget, (const char *const *) ids, refused);
    }
  if (others)
    accepted->opened (widget, others);
  return TRUE;
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, gpointer data)
{
  return bh_drop_take (gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (target)), value);
}

void
bh_drop_accept (GtkWidget *widget, BhProgramList *programs, BhDropped dropped,
                BhDropOpened opened)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  Accepted *accepted = g_new0 (Accepted, 1);

  *accepted = (Accepted){ g_object_ref (programs), dropped, opened };
  g_object_set_data_full (G_OBJECT (widget), "bh-drop", accepted, accepted_free);
  g_signal_connect (target, "drop", G_CALLBACK (on_drop), NULL);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (target));
}
