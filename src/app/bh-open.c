/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files and addresses that are opened in an AppVM. */
#include "config.h"

#include "bh-open.h"

#include "bh-accessible.h"
#include "bh-error.h"
#include "bh-form.h"
#include "bh-launch.h"
#include "bh-openable.h"
#include "bh-program.h"
#include "bh-text.h"
#include "bh-trouble.h"

#include <adwaita.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <unistd.h>

/* What is to be opened where; counted. */
typedef struct
{
  BhVmItem *item;
  BhProgramList *programs;
  GWeakRef window;
  gboolean disposable;
  GUnixFDList *fds;
  GVariant *files, *urls; /* as Vm1.Open has them */
  char *label;            /* what it is, for people */
  BhJob *job;             /* of the last call */
  char *app;              /* that was chosen; NULL: the service finds one */
} Request;

static void
request_clear (gpointer data)
{
  Request *request = data;

  g_object_unref (request->item);
  g_object_unref (request->programs);
  g_weak_ref_clear (&request->window);
  g_object_unref (request->fds);
  g_clear_pointer (&request->files, g_variant_unref);
  g_clear_pointer (&request->urls, g_variant_unref);
  g_free (request->label);
  g_clear_object (&request->job);
  g_free (request->app);
}

static void
request_release (Request *request)
{
  g_rc_box_release_full (request, request_clear);
}

static void
request_unref (gpointer data, GClosure *closure)
{
  request_release (data);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_release)

static void call (Request *request, GtkWidget *origin);

static void
present (GtkWindow *window, const GError *error)
{
  bh_trouble_present_plain (window, _ ("It Could Not Be Opened"), error);
}

/* Which program, where nothing tells. */

static void
on_chosen (AdwMessageDialog *dialog, const char *response, Request *request)
{
  GtkWidget *window = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (dialog)));
  GtkWidget *list = g_object_get_data (G_OBJECT (dialog), "list");

  if (!window || !g_str_equal (response, "open"))
    return;
  for (GtkWidget *row = gtk_widget_get_first_child (list); row;
       row = gtk_widget_get_next_sibling (row))
    {
      GtkCheckButton *check = g_object_get_data (G_OBJECT (row), "check");

      /* One that is alone is not to be chosen. */
      if (!gtk_widget_get_sensitive (GTK_WIDGET (check)) || gtk_check_button_get_active (check))
        {
          g_free (request->app);
          request->app = g_strdup (g_object_get_data (G_OBJECT (row), "app"));
          call (request, window);
          return;
        }
    }
}

static GtkWidget *
make_row (BhProgram *program, GtkCheckButton **group)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *check = gtk_check_button_new ();
  const char *name = bh_program_get_name (program);
  g_autofree char *escaped = g_markup_escape_text (name, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), escaped);
  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  gtk_check_button_set_group (GTK_CHECK_BUTTON (check), *group);
  if (!*group)
    {
      *group = GTK_CHECK_BUTTON (check);
      gtk_check_button_set_active (*group, TRUE);
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), check);
  g_object_set_data (G_OBJECT (row), "check", check);
  g_object_set_data_full (G_OBJECT (row), "app", g_strdup (bh_program_get_id (program)), g_free);
  return row;
}

static GtkWidget *
make_list (Request *request)
{
  const char *const *ids = bh_vm_item_get_applications (request->item);
  GtkWidget *list = bh_form_list_new ();
  GtkCheckButton *group = NULL;

  for (gsize i = 0; ids[i]; i++)
    {
      g_autoptr (BhProgram) program = bh_program_list_lookup (request->programs, ids[i]);

      gtk_list_box_append (GTK_LIST_BOX (list), make_row (program, &group));
    }
  if (group && !ids[1])
    gtk_widget_set_sensitive (GTK_WIDGET (group), FALSE);
  return list;
}

static void
ask (Request *request, GtkWindow *window, const GError *error)
{
  g_autofree char *heading = NULL, *body = NULL;
  GtkWidget *list, *scrolled;
  AdwMessageDialog *dialog;

  if (!bh_vm_item_get_applications (request->item)[0])
    {
      present (window, error);
      return;
    }
  heading = g_strdup_printf (_ ("Open “%s” With"), request->label);
  body = g_strdup_printf (_ ("Nothing says which program of “%s” opens it."),
                          bh_vm_item_get_name (request->item));
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (window, heading, body));
  list = make_list (request);
  scrolled = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), list);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scrolled), 300);
  bh_form_fill (dialog, scrolled, "open", _ ("_Open"));
  g_object_set_data (G_OBJECT (dialog), "list", list);
  adw_message_dialog_set_default_response (dialog, "open");
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_chosen), g_rc_box_acquire (request),
                         request_unref, 0);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}

/* The service. */

static void
on_finished (BhJob *job, const GError *error, Request *request)
{
  g_autoptr (GtkWindow) window = g_weak_ref_get (&request->window);

  if (!error || !window || g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED))
    return;
  if (!request->app && g_error_matches (error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND))
    ask (request, window, error);
  else
    present (window, error);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhJob) job = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (bh_dbus_vm1_call_open_finish (BH_DBUS_VM1 (source), &path, NULL, result, &error))
    {
      bh_job_follow (job, g_dbus_proxy_get_connection (G_DBUS_PROXY (source)), path);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  bh_job_fail (job, error);
}

static void
call (Request *request, GtkWidget *origin)
{
  BhJob *job = bh_job_new (BH_JOB_OPEN, request->app, request->label);
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (BhProgram) program =
      request->app ? bh_program_list_lookup (request->programs, request->app) : NULL;

  g_signal_connect_data (job, "finished", G_CALLBACK (on_finished), g_rc_box_acquire (request),
                         request_unref, 0);
  bh_vm_item_add_job (request->item, job);
  bh_launch_fill (&options, request->app, program ? bh_program_get_name (program) : "",
                  request->disposable, origin);
  bh_dbus_vm1_call_open (bh_vm_item_get_proxy (request->item), g_variant_dict_end (&options),
                         request->files, g_variant_get_strv (request->urls, NULL), request->fds,
                         NULL, on_called, job);
}

/* What is to be opened. */

static gboolean
add_file (Request *request, GVariantBuilder *files, const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  int fd = bh_openable_open (path, error), handle;

  if (fd < 0)
    return FALSE;
  handle = g_unix_fd_list_append (request->fds, fd, error); /* a copy of it */
  close (fd);
  if (handle < 0)
    return FALSE;
  g_variant_builder_add (files, "(h^ay)", handle, name);
  return TRUE;
}

static gboolean
add (Request *request, GVariantBuilder *files, GVariantBuilder *urls, GFile *file, GError **error)
{
  const char *path = g_file_peek_path (file);
  g_autofree char *uri = g_file_get_uri (file);

  if (path)
    return add_file (request, files, path, error);
  if (!bh_openable_check_url (uri, error))
    return FALSE;
  g_variant_builder_add (urls, "s", uri);
  return TRUE;
}

static gboolean
collect (Request *request, GSList *list, GError **error)
{
  g_auto (GVariantBuilder) files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(hay)"));
  g_auto (GVariantBuilder) urls = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  if (g_slist_length (list) > BH_OPENABLE_MAX)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   _ ("At most %d files and addresses can be opened at once."), BH_OPENABLE_MAX);
      return FALSE;
    }
  for (GSList *l = list; l; l = l->next)
    if (!add (request, &files, &urls, l->data, error))
      return FALSE;
  request->files = g_variant_ref_sink (g_variant_builder_end (&files));
  request->urls = g_variant_ref_sink (g_variant_builder_end (&urls));
  return TRUE;
}

static char *
make_label (GSList *list)
{
  guint n = g_slist_length (list);
  g_autofree char *name = NULL;

  if (n > 1)
    return g_strdup_printf (ngettext ("%u file", "%u files", n), n);
  name = g_file_peek_path (list->data) ? g_file_get_basename (list->data)
                                       : g_file_get_uri (list->data);
  return bh_text_clean (name, strlen (name), 60);
}

void
bh_open_files (BhVmItem *item, gboolean disposable, GSList *files, BhProgramList *programs,
               GtkWidget *origin)
{
  g_autoptr (Request) request = g_rc_box_new0 (Request);
  g_autoptr (GError) error = NULL;
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (origin));

  request->item = g_object_ref (item);
  request->programs = g_object_ref (programs);
  g_weak_ref_init (&request->window, window);
  request->disposable = disposable;
  request->fds = g_unix_fd_list_new ();
  request->label = make_label (files);
  if (collect (request, files, &error))
    call (request, origin);
  else
    present (window, error);
}

typedef struct
{
  BhVmItem *item;
  BhProgramList *programs;
  gboolean disposable;
} Choice;

static void
choice_free (gpointer data, GClosure *closure)
{
  Choice *choice = data;

  g_object_unref (choice->item);
  g_object_unref (choice->programs);
  g_free (choice);
}

static void
on_response (GtkNativeDialog *dialog, int response, Choice *choice)
{
  GtkWindow *window = gtk_native_dialog_get_transient_for (dialog);
  g_autoptr (GListModel) model = NULL;
  GSList *files = NULL;

  if (response == GTK_RESPONSE_ACCEPT && window)
    {
      model = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog));
      for (guint i = 0; i < g_list_model_get_n_items (model); i++)
        files = g_slist_append (files, g_list_model_get_item (model, i));
    }
  if (files)
    bh_open_files (choice->item, choice->disposable, files, choice->programs, GTK_WIDGET (window));
  g_slist_free_full (files, g_object_unref);
  g_object_unref (dialog);
}

void
bh_open_choose (BhVmItem *item, gboolean disposable, BhProgramList *programs, GtkWidget *origin)
{
  g_autofree char *title =
      g_strdup_printf (disposable ? _ ("Open in a Disposable of “%s”") : _ ("Open in “%s”"),
                       bh_vm_item_get_name (item));
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (title, GTK_WINDOW (gtk_widget_get_root (origin)),
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Open"), _ ("_Cancel"));
  Choice *choice = g_new0 (Choice, 1);

  *choice = (Choice){ g_object_ref (item), g_object_ref (programs), disposable };
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (dialog), TRUE);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response), choice, choice_free, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
