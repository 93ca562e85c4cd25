/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes an AppVM of a file: what it holds and may reach is shown first, and made when that is accepted. */
#include "config.h"

#include "bh-import.h"

#include "bh-accessible.h"
#include "bh-error.h"
#include "bh-form.h"
#include "bh-keys.h"
#include "bh-main-window.h"
#include "bh-name-check.h"
#include "bh-passphrase.h"
#include "bh-reach.h"
#include "bh-text.h"
#include "bh-trouble.h"
#include "bh-work.h"

#include <adwaita.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define FAILED _ ("The File Could Not Be Imported")

typedef struct
{
  GtkWindow *window;
  BhVmList *vms;
  BhDbusManager1 *manager;
  int fd;
  char *secret, *digest;
  /* Of the dialog that is open. It is closed before it says what was pressed, and its widgets empty themselves as
   * they go: what they had is kept here. */
  GtkWidget *hint;
  char *name, *typed;
} Import;

static void
import_clear (gpointer data)
{
  Import *import = data;

  bh_passphrase_forget (&import->secret);
  bh_passphrase_forget (&import->typed);
  if (import->fd >= 0)
    close (import->fd);
  g_clear_weak_pointer (&import->window);
  g_object_unref (import->vms);
  g_object_unref (import->manager);
  g_free (import->name);
  g_free (import->digest);
}

static void
import_unref (gpointer data)
{
  g_rc_box_release_full (data, import_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Import, import_unref)

static void
tell (Import *import, GError *error)
{
  g_dbus_error_strip_remote_error (error);
  if (import->window)
    bh_trouble_present_plain (import->window, FAILED, error);
}

/* @name: (nullable): instead of its own. Both are %NULL with @error set. */
static GVariant *
make_options (Import *import, GUnixFDList *fds, const char *name, GVariant **file, GError **error)
{
  GVariantDict options;
  int handle = g_unix_fd_list_append (fds, import->fd, error);

  *file = NULL;
  g_variant_dict_init (&options, NULL);
  if (handle < 0 || !bh_passphrase_add (import->secret, fds, &options, error))
    {
      g_variant_dict_clear (&options);
      return NULL;
    }
  if (name)
    g_variant_dict_insert (&options, "name", "s", name);
  *file = g_variant_new_handle (handle);
  return g_variant_dict_end (&options);
}

/* Making it. */

static void
on_done (BhJob *job, GtkWindow *window, gpointer data)
{
  if (window)
    bh_main_window_toast (BH_MAIN_WINDOW (window), _ ("AppVM imported"));
}

static void
on_imported (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhJob) job = data;
  g_autofree char *path = NULL;
  GError *error = NULL;

  bh_dbus_manager1_call_import_vm_finish (BH_DBUS_MANAGER1 (source), &path, NULL, result, &error);
  bh_work_called (job, source, path, error);
}

static void
on_response (AdwMessageDialog *dialog, const char *response, gpointer data)
{
  Import *import = data;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  GVariant *file, *options;
  BhJob *job;

  if (!import->window || !g_str_equal (response, "import"))
    return;
  options = make_options (import, fds, import->name, &file, &error);
  if (!options)
    {
      tell (import, error);
      return;
    }
  job = bh_work_begin (GTK_WIDGET (import->window), _ ("Importing"), FAILED, on_done, NULL, NULL);
  bh_dbus_manager1_call_import_vm (import->manager, file, import->digest, options, fds, NULL,
                                   on_imported, g_object_ref (job));
}

static void
on_name (GtkEditable *entry, AdwMessageDialog *dialog)
{
  Import *import = g_object_get_data (G_OBJECT (dialog), "import");
  gboolean fatal;
  g_autofree char *hint =
      bh_name_check (import->vms, NULL, gtk_editable_get_text (entry), &fatal);

  if (!gtk_widget_get_root (GTK_WIDGET (entry)))
    return;
  g_free (import->name);
  import->name = g_strdup (gtk_editable_get_text (entry));
  gtk_label_set_text (GTK_LABEL (import->hint), hint ?: "");
  gtk_widget_set_visible (import->hint, hint != NULL);
  adw_message_dialog_set_response_enabled (dialog, "import", !fatal);
}

/* When it is too little. */
static void
append_room (GString *text, GVariant *contents)
{
  g_autofree char *needed = NULL, *there = NULL;
  guint64 needs, free;

  if (!g_variant_lookup (contents, "needs", "t", &needs) || !g_variant_lookup (contents, "free", "t", &free)
      || needs <= free)
    return;
  needed = g_format_size_full (needs, G_FORMAT_SIZE_IEC_UNITS);
  there = g_format_size_full (free, G_FORMAT_SIZE_IEC_UNITS);
  g_string_append (text, "\n\n");
  g_string_append_printf (text, _ ("It needs %s, and %s are free where homes are kept: make room there first."),
                          needed, there);
}

/* What it may reach, what makes it weaker, and whether its home comes with it. */
static char *
describe (GVariant *contents, GVariant *settings)
{
  g_autofree char *reach = bh_reach_describe (settings);
  GString *text = g_string_new (reach);
  g_autoptr (GString) weaker = g_string_new (NULL);
  guint64 home;
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      const char *value;

      if (keys[i].weakens && g_variant_lookup (settings, keys[i].name, "&s", &value)
          && g_strcmp0 (value, keys[i].fallback) != 0)
        /* Translators: between the things in a list. */
        g_string_append_printf (weaker, "%s%s", weaker->len > 0 ? _ (", ") : "", _ (keys[i].title));
    }
  if (weaker->len > 0)
    {
      g_string_append (text, "\n\n");
      g_string_append_printf (text, _ ("What makes the isolation weaker: %s."), weaker->str);
    }
  if (g_variant_lookup (contents, "home", "t", &home))
    {
      g_autofree char *size = g_format_size_full (home, G_FORMAT_SIZE_IEC_UNITS);

      g_string_append (text, "\n\n");
      g_string_append_printf (text, _ ("What was in its home comes with it, on a disk of at most %s."), size);
      append_room (text, contents);
    }
  return g_string_free (text, FALSE);
}

/* Takes @import over. */
static void
show (Import *import, GVariant *contents)
{
  g_autoptr (GVariant) settings =
      g_variant_lookup_value (contents, "settings", G_VARIANT_TYPE ("a{ss}"));
  g_autofree char *body = settings ? describe (contents, settings) : NULL;
  g_autofree char *clean = NULL;
  const char *name = "";
  AdwMessageDialog *dialog;
  GtkWidget *entry = adw_entry_row_new ();
  GtkWidget *list = bh_form_list_new ();

  if (settings)
    g_variant_lookup (settings, "Name", "&s", &name);
  clean = bh_text_clean (name, strlen (name), 64);
  g_variant_lookup (contents, "digest", "s", &import->digest);
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (import->window, _ ("Import This AppVM?"), body));
  g_object_set_data_full (G_OBJECT (dialog), "import", import, import_unref);
  import->hint = bh_form_fill (dialog, list, "import", _ ("_Import"));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (entry), _ ("Name"));
  gtk_widget_add_css_class (import->hint, "error");
  gtk_list_box_append (GTK_LIST_BOX (list), entry);
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), import);
  g_signal_connect (entry, "changed", G_CALLBACK (on_name), dialog);
  gtk_editable_set_text (GTK_EDITABLE (entry), clean);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}

/* Reading it. */

static void look (Import *import);

static void
on_passphrase (AdwMessageDialog *dialog, const char *response, gpointer data)
{
  Import *import = data;

  if (!import->window || !g_str_equal (response, "open"))
    return;
  import->secret = g_steal_pointer (&import->typed);
  look (g_rc_box_acquire (import));
}

static void
on_passphrase_changed (GtkEditable *entry, AdwMessageDialog *dialog)
{
  Import *import = g_object_get_data (G_OBJECT (dialog), "import");

  if (!gtk_widget_get_root (GTK_WIDGET (entry)))
    return;
  bh_passphrase_forget (&import->typed);
  import->typed = g_strdup (gtk_editable_get_text (entry));
  adw_message_dialog_set_response_enabled (dialog, "open", *import->typed != '\0');
}

/* Takes @import over. */
static void
ask_for_passphrase (Import *import)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (import->window, _ ("Enter the Passphrase"),
                              _ ("The file was sealed with it when it was exported.")));
  GtkWidget *entry = bh_passphrase_entry_new (_ ("Passphrase"));

  bh_form_fill (dialog, entry, "open", _ ("_Open"));
  adw_message_dialog_set_response_enabled (dialog, "open", FALSE);
  adw_message_dialog_set_default_response (dialog, "open");
  g_object_set_data_full (G_OBJECT (dialog), "import", import, import_unref);
  g_signal_connect (dialog, "response", G_CALLBACK (on_passphrase), import);
  g_signal_connect (entry, "changed", G_CALLBACK (on_passphrase_changed), dialog);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Import) import = data;
  g_autoptr (GVariant) contents = NULL;
  g_autoptr (GError) error = NULL;
  gboolean sealed = FALSE;

  if (!bh_dbus_manager1_call_read_archive_finish (BH_DBUS_MANAGER1 (source), &contents, NULL, result,
                                                  &error))
    tell (import, error);
  else if (import->window)
    {
      g_variant_lookup (contents, "sealed", "b", &sealed);
      if (sealed && !import->secret)
        ask_for_passphrase (g_steal_pointer (&import));
      else
        show (g_steal_pointer (&import), contents);
    }
}

/* Takes @import. */
static void
look (Import *import)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  GVariant *file, *options = make_options (import, fds, NULL, &file, &error);

  if (options)
    bh_dbus_manager1_call_read_archive (import->manager, file, options, fds, NULL, on_looked, import);
  else
    {
      tell (import, error);
      import_unref (import);
    }
}

void
bh_import_file (GtkWindow *window, BhVmList *vms, const char *path)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (vms);
  g_autoptr (GError) error = NULL;
  Import *import;

  if (!manager)
    return;
  import = g_rc_box_new0 (Import);
  import->vms = g_object_ref (vms);
  import->manager = g_object_ref (manager);
  g_set_weak_pointer (&import->window, window);
  import->fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (import->fd >= 0)
    {
      look (import);
      return;
    }
  bh_error_set_from_errno (&error, errno, _ ("Cannot read “%s”"), path);
  tell (import, error);
  import_unref (import);
}

static void
on_file (GtkNativeDialog *chooser, int response, BhVmList *vms)
{
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  GtkWindow *window = gtk_native_dialog_get_transient_for (chooser);

  if (path && window)
    bh_import_file (window, vms, path);
  gtk_native_dialog_destroy (chooser);
  g_object_unref (chooser);
}

void
bh_import_begin (GtkWindow *window, BhVmList *vms)
{
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      _ ("Import AppVM"), window, GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Open"), _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_file), vms, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}
