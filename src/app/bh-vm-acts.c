/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What people do to an AppVM from its page, each with its question, its undo and its errors. */
#include "config.h"

#include "bh-vm-acts.h"

#include "bh-accessible.h"
#include "bh-add-window.h"
#include "bh-command-window.h"
#include "bh-commands.h"
#include "bh-main-window.h"
#include "bh-rename-window.h"
#include "bh-settings-window.h"
#include "bh-trouble.h"
#include "bh-work.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* Long enough to notice a mistake. */
#define UNDO_SECONDS 10

/* An act under way: where to show its error. */
typedef struct
{
  GWeakRef window;
  BhVmItem *item;
  const char *doing;
} Act;

static Act *
act_new (BhVmItem *item, GtkWidget *origin, const char *doing)
{
  Act *act = g_new0 (Act, 1);

  g_weak_ref_init (&act->window, gtk_widget_get_root (origin));
  act->item = g_object_ref (item);
  act->doing = doing;
  return act;
}

static void
act_free (Act *act)
{
  g_weak_ref_clear (&act->window);
  g_object_unref (act->item);
  g_free (act);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Act, act_free)

static void
act_failed (Act *act, GError *error)
{
  g_autoptr (GtkWindow) window = g_weak_ref_get (&act->window);

  g_dbus_error_strip_remote_error (error);
  if (window)
    bh_trouble_present_plain (window, act->doing, error);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Act) act = user_data;
  g_autoptr (GError) error = NULL;

  if (!bh_dbus_vm1_call_set_finish (BH_DBUS_VM1 (source), NULL, result, &error))
    act_failed (act, error);
}

/* @ids: what it is to offer, commands among them. */
static void
set_programs (BhVmItem *item, const char *const *ids, GtkWidget *origin)
{
  g_autoptr (GString) applications = g_string_new (NULL);
  g_autoptr (GString) commands = g_string_new (NULL);
  GVariantBuilder settings;

  for (gsize i = 0; ids[i]; i++)
    if (g_str_has_prefix (ids[i], BH_COMMAND_PREFIX))
      g_string_append_printf (commands, "%s%s", commands->len > 0 ? "\n" : "",
                              ids[i] + strlen (BH_COMMAND_PREFIX));
    else
      g_string_append_printf (applications, "%s%s", applications->len > 0 ? ";" : "", ids[i]);
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", "Applications", applications->str);
  g_variant_builder_add (&settings, "{ss}", "Commands", commands->str);
  bh_dbus_vm1_call_set (bh_vm_item_get_proxy (item), g_variant_builder_end (&settings), NULL,
                        on_set, act_new (item, origin, _ ("The Programs Could Not Be Changed")));
}

void
bh_vm_acts_offer (BhVmItem *item, const char *const *more, GtkWidget *origin)
{
  const char *const *present = bh_vm_item_get_applications (item);
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;

  g_strv_builder_addv (all, (const char **) present);
  for (gsize i = 0; more[i]; i++)
    if (!g_strv_contains (present, more[i]))
      g_strv_builder_add (all, more[i]);
  ids = g_strv_builder_end (all);
  set_programs (item, (const char *const *) ids, origin);
}

static void
on_chosen (BhAddWindow *window, GStrv chosen, BhVmItem *item)
{
  bh_vm_acts_offer (item, (const char *const *) chosen,
                    GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (window))));
}

static void
on_command (GtkWindow *window, const char *id, gpointer user_data)
{
  BhVmItem *item = user_data;
  const char *const more[] = { id, NULL };

  bh_vm_acts_offer (item, more, GTK_WIDGET (gtk_window_get_transient_for (window)));
}

void
bh_vm_acts_add_command (BhVmItem *item, GtkWidget *origin)
{
  gtk_window_present (bh_command_window_new (GTK_WINDOW (gtk_widget_get_root (origin)),
                                             bh_vm_item_get_applications (item), on_command,
                                             G_OBJECT (item)));
}

void
bh_vm_acts_add_programs (BhVmItem *item, BhProgramList *programs, GtkWidget *origin)
{
  GtkWindow *parent = GTK_WINDOW (gtk_widget_get_root (origin));
  g_autoptr (BhProgramList) list =
      bh_program_list_for (programs, bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (item)));
  GtkWindow *window = bh_add_window_new (parent, list, bh_vm_item_get_applications (item));

  g_signal_connect_object (window, "chosen", G_CALLBACK (on_chosen), item, 0);
  gtk_window_present (window);
}

typedef struct
{
  BhVmItem *item;
  GStrv before;
  GtkWidget *window;
} Undo;

static void
undo_free (gpointer data, GClosure *closure)
{
  Undo *undo = data;

  g_object_unref (undo->item);
  g_strfreev (undo->before);
  g_free (undo);
}

static void
on_undo (AdwToast *toast, Undo *undo)
{
  set_programs (undo->item, (const char *const *) undo->before, undo->window);
}

void
bh_vm_acts_remove_program (BhVmItem *item, BhProgram *program, GtkWidget *origin)
{
  const char *const *before = bh_vm_item_get_applications (item);
  GtkWidget *window = GTK_WIDGET (gtk_widget_get_root (origin));
  g_autoptr (GStrvBuilder) left = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;
  g_autofree char *text = g_strdup_printf (_ ("Removed %s"), bh_program_get_name (program));
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  AdwToast *toast = adw_toast_new (escaped);
  Undo *undo = g_new0 (Undo, 1);

  undo->item = g_object_ref (item);
  undo->before = g_strdupv ((char **) before);
  /* The toast is the window's own. */
  undo->window = window;
  for (gsize i = 0; before[i]; i++)
    if (!g_str_equal (before[i], bh_program_get_id (program)))
      g_strv_builder_add (left, before[i]);
  ids = g_strv_builder_end (left);
  set_programs (item, (const char *const *) ids, origin);
  adw_toast_set_button_label (toast, _ ("_Undo"));
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  g_signal_connect_data (toast, "button-clicked", G_CALLBACK (on_undo), undo, undo_free, 0);
  bh_main_window_add_toast (BH_MAIN_WINDOW (window), toast);
}

static void
on_terminated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Act) act = user_data;
  g_autoptr (GError) error = NULL;

  if (!bh_dbus_vm1_call_terminate_finish (BH_DBUS_VM1 (source), result, &error))
    act_failed (act, error);
}

void
bh_vm_acts_end_program (BhVmItem *item, guint32 id, GtkWidget *origin)
{
  bh_dbus_vm1_call_terminate (bh_vm_item_get_proxy (item), id, NULL, on_terminated,
                              act_new (item, origin, _ ("The Program Could Not Be Ended")));
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Act) act = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GtkWindow) window = g_weak_ref_get (&act->window);

  if (!bh_dbus_vm1_call_delete_finish (BH_DBUS_VM1 (source), result, &error))
    {
      act_failed (act, error);
      return;
    }
  if (window)
    {
      g_autofree char *text = g_strdup_printf (_ ("Deleted “%s”"), bh_vm_item_get_name (act->item));

      bh_main_window_toast (BH_MAIN_WINDOW (window), text);
    }
}

static void
delete_now (Act *act)
{
  bh_dbus_vm1_call_delete (bh_vm_item_get_proxy (act->item), NULL, on_deleted, act);
}

static void
on_stopped (BhJob *job, const GError *error, Act *act)
{
  g_autoptr (GError) copy = error ? g_error_copy (error) : NULL;

  if (!copy)
    delete_now (act);
  else
    {
      act_failed (act, copy);
      act_free (act);
    }
}

static void
on_stop_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Act *act = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (BhJob) job = NULL;

  if (!bh_dbus_vm1_call_stop_finish (BH_DBUS_VM1 (source), &path, result, &error))
    {
      act_failed (act, error);
      act_free (act);
      return;
    }
  job = bh_job_new (BH_JOB_STOP, NULL, "");
  g_signal_connect (job, "finished", G_CALLBACK (on_stopped), act);
  bh_vm_item_add_job (act->item, job);
  bh_job_follow (job, g_dbus_proxy_get_connection (G_DBUS_PROXY (source)), path);
}

static void
on_delete_response (AdwMessageDialog *dialog, const char *response, BhVmItem *item)
{
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (dialog)));
  Act *act;

  if (!window || !g_str_equal (response, "delete"))
    return;
  act = act_new (item, window, _ ("The AppVM Could Not Be Deleted"));
  if (bh_vm_item_is_active (item))
    bh_dbus_vm1_call_stop (bh_vm_item_get_proxy (item), TRUE, NULL, on_stop_called, act);
  else
    delete_now (act);
}

/* What is lost beside the AppVM itself, and what is not though one may think so. */
static void
append_losses (GString *body, BhVmItem *item)
{
  GVariant *settings = bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (item));
  guint n = g_strv_length ((char **) bh_vm_item_get_applications (item));
  const char *value = "";

  if (n > 0)
    g_string_append_printf (body,
                            ngettext (" The launcher of %u program goes with it.",
                                      " The launchers of %u programs go with it.", n),
                            n);
  if (settings && g_variant_lookup (settings, "Notes", "&s", &value) && *value != '\0')
    g_string_append (body, _ (" So do your notes about it."));
  if (settings && g_variant_lookup (settings, "Home", "&s", &value) && g_str_equal (value, "disk"))
    g_string_append (body, _ (" Its home disk, with all files and snapshots on it, is deleted, too."));
  else if (settings && g_variant_lookup (settings, "Home", "&s", &value) && value[0] == '/')
    g_string_append (body, _ (" The folder that is its home stays as it is."));
  if (settings && g_variant_lookup (settings, "Folders", "&s", &value) && *value != '\0')
    g_string_append (body, _ (" The folders that you share with it stay as they are."));
}

void
bh_vm_acts_delete (BhVmItem *item, GtkWidget *origin)
{
  g_autofree char *heading = g_strdup_printf (_ ("Delete “%s”?"), bh_vm_item_get_name (item));
  g_autoptr (GPtrArray) running = bh_vm_item_get_running (item);
  g_autoptr (GString) body = g_string_new (NULL);
  AdwMessageDialog *dialog;

  if (running->len > 0)
    {
      g_string_append_printf (
          body,
          ngettext ("%u program is running in it and will be ended; what is not "
                    "saved is lost.",
                    "%u programs are running in it and will be ended; what is not "
                    "saved is lost.",
                    running->len),
          running->len);
      g_string_append (body, "\n\n");
    }
  g_string_append (body,
                   _ ("Its settings and everything in it are deleted for good. The programs stay "
                      "installed on this computer."));
  append_losses (body, item);
  dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (origin)), heading, body->str));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "delete", _ ("_Delete"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_delete_response), item, 0);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}

void
bh_vm_acts_settings (BhVmItem *item, BhVmList *vms, BhProgramList *programs, const char *key,
                     GtkWidget *origin)
{
  gtk_window_present (
      bh_settings_window_new (GTK_WINDOW (gtk_widget_get_root (origin)), item, vms, programs, key));
}

void
bh_vm_acts_rename (BhVmItem *item, BhVmList *vms, GtkWidget *origin)
{
  gtk_window_present (bh_rename_window_new (GTK_WINDOW (gtk_widget_get_root (origin)), item, vms));
}

typedef struct
{
  char *path;
  GWeakRef window;
} UndoCopy;

static void
undo_copy_free (gpointer data, GClosure *closure)
{
  UndoCopy *undo = data;

  g_free (undo->path);
  g_weak_ref_clear (&undo->window);
  g_free (undo);
}

static void
on_undo_copy (AdwToast *toast, UndoCopy *undo)
{
  g_autoptr (GtkWidget) window = g_weak_ref_get (&undo->window);
  BhVmItem *item =
      window ? bh_vm_list_find_path (bh_main_window_get_vms (BH_MAIN_WINDOW (window)), undo->path)
             : NULL;

  if (item)
    delete_now (act_new (item, window, _ ("The Copy Could Not Be Deleted")));
}

static void
on_duplicated (BhJob *job, GtkWindow *window, gpointer data)
{
  BhVmItem *item = data;
  g_autofree char *text = g_strdup_printf (_ ("Duplicated “%s”"), bh_vm_item_get_name (item));
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  AdwToast *toast;
  UndoCopy *undo;

  if (!window || !bh_job_get_vm (job))
    return;
  toast = adw_toast_new (escaped);
  undo = g_new0 (UndoCopy, 1);
  undo->path = g_strdup (bh_job_get_vm (job));
  g_weak_ref_init (&undo->window, window);
  adw_toast_set_button_label (toast, _ ("_Undo"));
  adw_toast_set_timeout (toast, UNDO_SECONDS);
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  g_signal_connect_data (toast, "button-clicked", G_CALLBACK (on_undo_copy), undo, undo_copy_free,
                         0);
  bh_main_window_add_toast (BH_MAIN_WINDOW (window), toast);
}

static void
on_duplicate_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhJob) job = user_data;
  g_autofree char *path = NULL;
  GError *error = NULL;

  bh_dbus_manager1_call_duplicate_vm_finish (BH_DBUS_MANAGER1 (source), &path, result, &error);
  bh_work_called (job, source, path, error);
}

static void
duplicate (BhVmItem *item, BhDbusManager1 *manager, gboolean home, GtkWidget *origin)
{
  g_autofree char *heading = g_strdup_printf (_ ("Duplicating “%s”"), bh_vm_item_get_name (item));
  BhJob *job = bh_work_begin (origin, heading, _ ("The AppVM Could Not Be Duplicated"),
                              on_duplicated, g_object_ref (item), g_object_unref);
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "home", g_variant_new_boolean (home));
  bh_dbus_manager1_call_duplicate_vm (
      manager, g_dbus_proxy_get_object_path (G_DBUS_PROXY (bh_vm_item_get_proxy (item))), "",
      g_variant_builder_end (&options), NULL, on_duplicate_called, g_object_ref (job));
}

static void
on_duplicate_response (AdwMessageDialog *dialog, const char *response, BhVmItem *item)
{
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (dialog)));

  if (window && !g_str_equal (response, "cancel"))
    duplicate (item, g_object_get_data (G_OBJECT (dialog), "manager"), g_str_equal (response, "home"),
               window);
}

/* Which of the two copies of an AppVM with a home is wanted; one that is in use cannot be copied. */
static void
ask_for_home (BhVmItem *item, BhDbusManager1 *manager, GtkWidget *origin)
{
  g_autofree char *heading = g_strdup_printf (_ ("Duplicate “%s”?"), bh_vm_item_get_name (item));
  gboolean active = bh_vm_item_is_active (item);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (
      GTK_WINDOW (gtk_widget_get_root (origin)), heading,
      active ? _ ("The copy gets the same settings. What is in its home can be copied, too, when the "
                  "AppVM is stopped.")
             : _ ("The copy gets the same settings. What is in its home can be copied, too; its "
                  "snapshots are not.")));

  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "empty", _ ("With an _Empty Home"),
                                    "home", _ ("With Its _Home"), NULL);
  adw_message_dialog_set_response_enabled (dialog, "home", !active);
  adw_message_dialog_set_response_appearance (dialog, "home", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, active ? "empty" : "home");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "manager", g_object_ref (manager), g_object_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_duplicate_response), item, 0);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}

void
bh_vm_acts_duplicate (BhVmItem *item, BhVmList *vms, GtkWidget *origin)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (vms);

  if (!manager)
    return;
  if (bh_vm_item_has_home_disk (item))
    ask_for_home (item, manager, origin);
  else
    duplicate (item, manager, FALSE, origin);
}
