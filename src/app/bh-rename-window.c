/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks for the new name of an AppVM. */
#include "config.h"

#include "bh-rename-window.h"

#include "bh-accessible.h"
#include "bh-form.h"
#include "bh-name-check.h"
#include "bh-trouble.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* The dialog's own data: it goes with it. */
typedef struct
{
  BhVmItem *item;
  BhVmList *vms;
  GtkWidget *entry, *hint;
} Rename;

static void
rename_free (gpointer data)
{
  Rename *rename = data;

  g_object_unref (rename->item);
  g_object_unref (rename->vms);
  g_object_unref (rename->entry);
  g_free (rename);
}

static void
on_changed (GtkEditable *entry, AdwMessageDialog *dialog)
{
  Rename *rename = g_object_get_data (G_OBJECT (dialog), "rename");
  gboolean fatal;
  g_autofree char *hint =
      bh_name_check (rename->vms, rename->item, gtk_editable_get_text (entry), &fatal);

  gtk_label_set_text (GTK_LABEL (rename->hint), hint ?: "");
  adw_message_dialog_set_response_enabled (dialog, "rename", !fatal);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  hint ?: "", -1);
  gtk_accessible_update_state (
      GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_STATE_INVALID,
      hint && fatal ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
  if (hint && fatal)
    gtk_widget_add_css_class (rename->hint, "error");
  else
    gtk_widget_remove_css_class (rename->hint, "error");
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkWindow) parent = user_data;
  g_autoptr (GError) error = NULL;

  if (bh_dbus_vm1_call_set_finish (BH_DBUS_VM1 (source), NULL, result, &error))
    return;
  g_dbus_error_strip_remote_error (error);
  if (gtk_widget_get_visible (GTK_WIDGET (parent)))
    bh_trouble_present_plain (parent, _ ("The AppVM Could Not Be Renamed"), error);
}

static void
on_response (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Rename *rename = g_object_get_data (G_OBJECT (dialog), "rename");
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (dialog));
  GVariantBuilder settings;

  if (!parent || !g_str_equal (response, "rename"))
    return;
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", "Name",
                         gtk_editable_get_text (GTK_EDITABLE (rename->entry)));
  bh_dbus_vm1_call_set (bh_vm_item_get_proxy (rename->item), g_variant_builder_end (&settings),
                        NULL, on_set, g_object_ref (parent));
}

GtkWindow *
bh_rename_window_new (GtkWindow *parent, BhVmItem *item, BhVmList *vms)
{
  g_autofree char *heading = g_strdup_printf (_ ("Rename “%s”"), bh_vm_item_get_name (item));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (
      parent, heading,
      _ ("Its launchers and the frames of its windows follow. What is in it stays.")));
  Rename *rename = g_new0 (Rename, 1);

  rename->item = g_object_ref (item);
  rename->vms = g_object_ref (vms);
  /* The dialog is closed before it says what was pressed. */
  rename->entry = g_object_ref_sink (gtk_entry_new ());
  rename->hint = bh_form_fill (dialog, rename->entry, "rename", _ ("_Rename"));
  g_object_set_data_full (G_OBJECT (dialog), "rename", rename, rename_free);
  gtk_entry_set_activates_default (GTK_ENTRY (rename->entry), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (rename->entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("New name"), -1);
  adw_message_dialog_set_default_response (dialog, "rename");
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), NULL);
  g_signal_connect (rename->entry, "changed", G_CALLBACK (on_changed), dialog);
  gtk_editable_set_text (GTK_EDITABLE (rename->entry), bh_vm_item_get_name (item));
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_widget_grab_focus (rename->entry);
  return GTK_WINDOW (dialog);
}
