/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks how an AppVM is to be written into a file: with its home or without, sealed or not. */
#include "config.h"

#include "bh-export-window.h"

#include "bh-accessible.h"
#include "bh-error.h"
#include "bh-form.h"
#include "bh-main-window.h"
#include "bh-new-file.h"
#include "bh-passphrase.h"
#include "bh-trouble.h"
#include "bh-work.h"

#include <adwaita.h>
#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>

#define ENDING ".appvm"

/* The dialog's own data, then that of the file chooser, then that of the work. A dialog is closed before it says
 * what was pressed, and its widgets empty themselves as they go: what they had is kept here. */
typedef struct
{
  BhVmItem *item;
  BhDbusManager1 *manager;
  AdwActionRow *home_row;
  GtkSwitch *home;
  GtkWidget *passphrase, *again, *hint; /* held: one may be there no more when another goes */
  gboolean encrypted, with_home;
  GCancellable *cancellable;
  char *secret;
  char *path;
  BhNewFile *file;
} Export;

static void
set_secret (Export *export, const char *secret)
{
  bh_passphrase_forget (&export->secret);
  export->secret = secret && *secret ? g_strdup (secret) : NULL;
}

static void
export_clear (gpointer data)
{
  Export *export = data;

  g_clear_pointer (&export->file, bh_new_file_free);
  set_secret (export, NULL);
  g_cancellable_cancel (export->cancellable);
  g_clear_object (&export->cancellable);
  g_clear_object (&export->home);
  g_clear_object (&export->passphrase);
  g_clear_object (&export->again);
  g_clear_object (&export->hint);
  g_clear_object (&export->item);
  g_clear_object (&export->manager);
  g_free (export->path);
}

static void
export_unref (gpointer data)
{
  g_rc_box_release_full (data, export_clear);
}

static void
closure_unref (gpointer data, GClosure *closure)
{
  export_unref (data);
}

/* Writing. */

static void
on_done (BhJob *job, GtkWindow *window, gpointer data)
{
  Export *export = data;
  g_autofree char *base = g_path_get_basename (export->path);
  g_autofree char *shown = g_filename_display_name (base);
  g_autofree char *text = g_strdup_printf (_ ("Exported to “%s”"), shown);
  g_autoptr (GError) error = NULL;

  if (bh_new_file_keep (export->file, TRUE, &error))
    {
      if (window)
        bh_main_window_toast (BH_MAIN_WINDOW (window), text);
    }
  else if (window)
    bh_trouble_present_plain (window, _ ("The AppVM Could Not Be Exported"), error);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhJob) job = data;
  g_autofree char *path = NULL;
  GError *error = NULL;

  bh_dbus_manager1_call_export_vm_finish (BH_DBUS_MANAGER1 (source), &path, NULL, result, &error);
  bh_work_called (job, source, path, error);
}

static void
write_file (Export *export, GtkWidget *window)
{
  g_autofree char *heading =
      g_strdup_printf (_ ("Exporting “%s”"), bh_vm_item_get_name (export->item));
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  BhJob *job = bh_work_begin (window, heading, _ ("The AppVM Could Not Be Exported"), on_done,
                              g_rc_box_acquire (export), export_unref);
  const char *path = g_dbus_proxy_get_object_path (G_DBUS_PROXY (bh_vm_item_get_proxy (export->item)));
  GVariantDict options;
  GError *error = NULL;
  int file = g_unix_fd_list_append (fds, bh_new_file_get_fd (export->file), &error);

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "home", "b", export->with_home);
  g_variant_dict_insert (&options, "temporary", "b", bh_new_file_is_named (export->file));
  if (file < 0 || !bh_passphrase_add (export->secret, fds, &options, &error))
    {
      g_variant_dict_clear (&options);
      bh_work_called (job, NULL, NULL, error);
      return;
    }
  bh_dbus_manager1_call_export_vm (export->manager, path, g_variant_new_handle (file),
                                   g_variant_dict_end (&options), fds, NULL, on_called,
                                   g_object_ref (job));
}

static void
on_file (GtkNativeDialog *chooser, int response, gpointer data)
{
  Export *export = data;
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;
  GtkWindow *window = gtk_native_dialog_get_transient_for (chooser);
  g_autoptr (GError) error = NULL;

  if (file && window)
    {
      export->path = g_file_get_path (file);
      if (!export->path)
        bh_error_set_from_errno (&error, ENOTSUP, _ ("Cannot write there"));
      else if ((export->file = bh_new_file_open (export->path, &error)) != NULL)
        write_file (export, GTK_WIDGET (window));
      if (error)
        bh_trouble_present_plain (window, _ ("The AppVM Could Not Be Exported"), error);
    }
  gtk_native_dialog_destroy (chooser);
  g_object_unref (chooser);
}

static void
choose_file (Export *export, GtkWindow *window)
{
  GtkFileChooserNative *chooser =
      gtk_file_chooser_native_new (_ ("Export AppVM"), window, GTK_FILE_CHOOSER_ACTION_SAVE,
                                   _ ("_Export"), _ ("_Cancel"));
  g_autofree char *name = g_strconcat (bh_vm_item_get_name (export->item), ENDING, NULL);

  g_strdelimit (name, "/", '-');
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_data (chooser, "response", G_CALLBACK (on_file), g_rc_box_acquire (export),
                         closure_unref, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

/* Asking. */

static void
update (Export *export, AdwMessageDialog *dialog)
{
  const char *first = gtk_editable_get_text (GTK_EDITABLE (export->passphrase));
  gboolean with_home = gtk_switch_get_active (export->home);
  const char *second = gtk_editable_get_text (GTK_EDITABLE (export->again));
  const char *wrong = NULL;

  if (!gtk_widget_get_root (export->hint))
    return;
  set_secret (export, first);
  export->with_home = with_home;
  if (g_strcmp0 (first, second) != 0)
    wrong = *second ? _ ("The two passphrases are not the same.") : _ ("Enter the passphrase once more.");
  else if (*first == '\0' && export->encrypted && with_home)
    wrong = _ ("The home is encrypted, so the file needs a passphrase.");
  gtk_label_set_text (
      GTK_LABEL (export->hint),
      wrong           ? wrong
      : *first == '\0' ? _ ("Without a passphrase, whoever has the file can read it.")
                       : _ ("Nobody can read the file without the passphrase. Keep it: it cannot be recovered."));
  adw_message_dialog_set_response_enabled (dialog, "export", wrong == NULL);
}

static void
on_changed (GObject *widget, AdwMessageDialog *dialog)
{
  update (g_object_get_data (G_OBJECT (dialog), "export"), dialog);
}

static void
on_home (GObject *home, GParamSpec *pspec, AdwMessageDialog *dialog)
{
  on_changed (home, dialog);
}

static void
on_response (AdwMessageDialog *dialog, const char *response, gpointer data)
{
  Export *export = g_object_get_data (G_OBJECT (dialog), "export");
  GtkWindow *window = gtk_window_get_transient_for (GTK_WINDOW (dialog));

  g_cancellable_cancel (export->cancellable); /* nothing is to be shown any more */
  if (window && g_str_equal (response, "export"))
    choose_file (export, window);
}

/* How large its home is, and whether that is encrypted. */
static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GVariant) home = NULL;
  g_autoptr (GError) error = NULL;
  AdwMessageDialog *dialog = data;
  Export *export;
  g_autofree char *size = NULL;
  guint64 used;

  bh_dbus_vm1_call_read_home_finish (BH_DBUS_VM1 (source), &home, result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  export = g_object_get_data (G_OBJECT (dialog), "export");
  if (!home || !g_variant_lookup (home, "used", "t", &used))
    {
      adw_action_row_set_subtitle (export->home_row, _ ("There is nothing in it yet."));
      return;
    }
  g_variant_lookup (home, "encrypted", "b", &export->encrypted);
  size = g_format_size_full (used, G_FORMAT_SIZE_IEC_UNITS);
  adw_action_row_set_subtitle (export->home_row, size);
  gtk_widget_set_sensitive (GTK_WIDGET (export->home_row), TRUE);
  gtk_switch_set_active (export->home, TRUE);
  update (export, dialog);
}

static GtkWidget *
make_home_row (Export *export, AdwMessageDialog *dialog)
{
  GtkWidget *row = adw_action_row_new ();

  export->home_row = ADW_ACTION_ROW (row);
  export->home = g_object_ref_sink (GTK_SWITCH (gtk_switch_new ()));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("Include the Home"));
  adw_action_row_set_subtitle_lines (export->home_row, 0);
  gtk_widget_set_valign (GTK_WIDGET (export->home), GTK_ALIGN_CENTER);
  adw_action_row_add_suffix (export->home_row, GTK_WIDGET (export->home));
  adw_action_row_set_activatable_widget (export->home_row, GTK_WIDGET (export->home));
  gtk_widget_set_sensitive (row, FALSE);
  g_signal_connect (export->home, "notify::active", G_CALLBACK (on_home), dialog);
  if (!bh_vm_item_has_home_disk (export->item))
    adw_action_row_set_subtitle (export->home_row, _ ("Its home is not on a disk of its own."));
  else if (bh_vm_item_is_active (export->item))
    adw_action_row_set_subtitle (export->home_row, _ ("Stop the AppVM to include it."));
  else
    bh_dbus_vm1_call_read_home (bh_vm_item_get_proxy (export->item), export->cancellable, on_read,
                                dialog);
  return row;
}

/* (transfer full) */
static GtkWidget *
make_passphrase (const char *label, GtkBox *box, AdwMessageDialog *dialog)
{
  GtkWidget *entry = g_object_ref_sink (bh_passphrase_entry_new (label));

  g_signal_connect (entry, "changed", G_CALLBACK (on_changed), dialog);
  gtk_box_append (box, entry);
  return entry;
}

GtkWindow *
bh_export_window_new (GtkWindow *parent, BhVmItem *item, BhVmList *vms)
{
  g_autofree char *heading = g_strdup_printf (_ ("Export “%s”"), bh_vm_item_get_name (item));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (
      parent, heading,
      _ ("Its settings are written into a file, from which it can be made again on another computer.")));
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *list = bh_form_list_new ();
  Export *export = g_rc_box_new0 (Export);

  export->item = g_object_ref (item);
  export->manager = g_object_ref (bh_vm_list_get_manager (vms));
  export->cancellable = g_cancellable_new ();
  g_object_set_data_full (G_OBJECT (dialog), "export", export, export_unref);
  export->hint = g_object_ref (bh_form_fill (dialog, box, "export", _ ("Choose _File…")));
  gtk_list_box_append (GTK_LIST_BOX (list), make_home_row (export, dialog));
  gtk_box_append (GTK_BOX (box), list);
  export->passphrase = make_passphrase (_ ("Passphrase"), GTK_BOX (box), dialog);
  export->again = make_passphrase (_ ("Passphrase, Once More"), GTK_BOX (box), dialog);
  adw_message_dialog_set_default_response (dialog, "export");
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), NULL);
  update (export, dialog);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  return GTK_WINDOW (dialog);
}
