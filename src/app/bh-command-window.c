/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks for a command line and what to call it. */
#include "config.h"

#include "bh-command-window.h"

#include "bh-accessible.h"
#include "bh-form.h"
#include "bh-commands.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* The dialog's own data: it goes with it. */
typedef struct
{
  BhCommandGiven given;
  GObject *data;
  GStrv present;
  GtkWidget *name, *line, *hint;
} Command;

static void
command_free (gpointer data)
{
  Command *command = data;

  g_strfreev (command->present);
  g_object_unref (command->data);
  g_free (command);
}

static char *
dup_id (Command *command)
{
  return g_strconcat (BH_COMMAND_PREFIX, gtk_editable_get_text (GTK_EDITABLE (command->name)), "=",
                      gtk_editable_get_text (GTK_EDITABLE (command->line)), NULL);
}

/* Returns: (nullable): what is wrong, when there is enough to say so; @good: it can be used */
static const char *
judge (Command *command, gboolean *good)
{
  g_autofree char *id = dup_id (command);
  g_autofree char *name = NULL;

  *good = FALSE;
  if (*gtk_editable_get_text (GTK_EDITABLE (command->name)) == '\0'
      || *gtk_editable_get_text (GTK_EDITABLE (command->line)) == '\0')
    return NULL;
  if (strchr (gtk_editable_get_text (GTK_EDITABLE (command->name)), '='))
    return _ ("A name has no “=” in it.");
  if (!bh_command_parse (id + strlen (BH_COMMAND_PREFIX), &name, NULL))
    return _ ("This cannot be run as it is: a quote that is not closed, or a character that cannot "
              "be shown safely.");
  for (char **p = command->present; *p; p++)
    {
      g_autofree char *other = NULL;

      if (g_str_has_prefix (*p, BH_COMMAND_PREFIX)
          && bh_command_parse (*p + strlen (BH_COMMAND_PREFIX), &other, NULL)
          && g_str_equal (other, name))
        return _ ("There is a command of that name already.");
    }
  *good = TRUE;
  return NULL;
}

static void
on_changed (GtkEditable *entry, AdwMessageDialog *dialog)
{
  Command *command = g_object_get_data (G_OBJECT (dialog), "command");
  gboolean good;
  const char *wrong = judge (command, &good);

  adw_message_dialog_set_response_enabled (dialog, "add", good);
  gtk_label_set_text (GTK_LABEL (command->hint),
                      wrong ?: _ ("For example: mpv --loop 'my film.mkv'"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (command->line),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  gtk_label_get_text (GTK_LABEL (command->hint)), -1);
  if (wrong)
    gtk_widget_add_css_class (command->hint, "error");
  else
    gtk_widget_remove_css_class (command->hint, "error");
}

static void
on_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Command *command = g_object_get_data (G_OBJECT (dialog), "command");
  g_autofree char *id = dup_id (command);

  if (g_str_equal (response, "add") && gtk_window_get_transient_for (GTK_WINDOW (dialog)))
    command->given (GTK_WINDOW (dialog), id, command->data);
}

static GtkWidget *
add_row (GtkWidget *list, const char *title, AdwMessageDialog *dialog)
{
  GtkWidget *row = adw_entry_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  g_signal_connect (row, "changed", G_CALLBACK (on_changed), dialog);
  return row;
}

GtkWindow *
bh_command_window_new (GtkWindow *parent, const char *const *present, BhCommandGiven given,
                       GObject *data)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (parent, _ ("Add a Command"),
                              _ ("It is run inside the AppVM, word by word, without a shell.")));
  GtkWidget *list = bh_form_list_new ();
  Command *command = g_new0 (Command, 1);

  command->given = given;
  command->data = g_object_ref (data);
  command->present = g_strdupv ((char **) present);
  g_object_set_data_full (G_OBJECT (dialog), "command", command, command_free);
  command->name = add_row (list, _ ("Name"), dialog);
  command->line = add_row (list, _ ("Command"), dialog);
  command->hint = bh_form_fill (dialog, list, "add", _ ("_Add"));
  adw_message_dialog_set_default_response (dialog, "add");
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), NULL);
  on_changed (NULL, dialog);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_widget_grab_focus (command->name);
  return GTK_WINDOW (dialog);
}
