/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Debian templates: which there are, who uses them, and building, updating and removing them.
 *
 * What is being built is the application's, not the window's: closing that gives nothing up. */
#include "config.h"

#include "bh-templates-window.h"

#include "bh-accessible.h"
#include "bh-job.h"
#include "bh-template-chooser.h"
#include "bh-template-row.h"
#include "bh-trouble.h"

#include <glib/gi18n.h>

struct _BhTemplatesWindow
{
  AdwPreferencesWindow parent_instance;
  BhVmList *vms;
  BhDbusManager1 *manager; /* the one that tells of changes */
  GCancellable *cancellable;
  GQueue to_check; /* keys and titles, of GVariant */
  AdwPreferencesGroup *building;
  GtkListBox *jobs, *rows;
  GtkLabel *none;
  GVariant *templates; /* as last listed */
};

G_DEFINE_FINAL_TYPE (BhTemplatesWindow, bh_templates_window, ADW_TYPE_PREFERENCES_WINDOW)

static GPtrArray *jobs; /* of BhJob: being built; whatever window is open */

static void ask (BhTemplatesWindow *self);
static void check_next (BhTemplatesWindow *self);

/* What is being built. */

static void
show_jobs (BhTemplatesWindow *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->building), jobs->len > 0);
}

static void
on_job_changed (BhJob *job, GtkWidget *row)
{
  GtkWidget *bar = g_object_get_data (G_OBJECT (row), "bar");

  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), bh_job_get_step (job));
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (bar), bh_job_get_fraction (job));
}

static void
on_cancel_clicked (GtkButton *button, BhJob *job)
{
  bh_job_cancel (job);
}

static void
on_row_job_finished (BhJob *job, const GError *error, GtkWidget *row)
{
  gtk_list_box_remove (GTK_LIST_BOX (gtk_widget_get_parent (row)), row);
}

static void
on_window_job_finished (BhJob *job, const GError *error, BhTemplatesWindow *self)
{
  gboolean check = bh_job_get_kind (job) == BH_JOB_CHECK;
  g_autofree char *text = NULL;
  g_autofree char *escaped = NULL;

  show_jobs (self);
  ask (self);
  if (error)
    {
      /* What went wrong with one goes wrong with the others. */
      if (check)
        g_queue_clear_full (&self->to_check, (GDestroyNotify) g_variant_unref);
      bh_trouble_present_plain (GTK_WINDOW (self),
                                check ? _ ("Debian Could Not Be Asked for Updates")
                                      : _ ("The Template Was Not Built"),
                                error);
      return;
    }
  if (check)
    {
      check_next (self);
      return;
    }
  text = g_strdup_printf (_ ("Built: %s"), bh_job_get_label (job));
  escaped = g_markup_escape_text (text, -1);
  adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (self), adw_toast_new (escaped));
}

static void
add_job_row (BhTemplatesWindow *self, BhJob *job)
{
  GtkWidget *row = adw_action_row_new (), *bar = gtk_progress_bar_new ();
  GtkWidget *cancel = gtk_button_new_with_mnemonic (_ ("_Cancel"));

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), bh_job_get_label (job));
  gtk_widget_set_valign (bar, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (bar, "short");
  gtk_accessible_update_property (GTK_ACCESSIBLE (bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Progress of the build"), -1);
  gtk_widget_set_valign (cancel, GTK_ALIGN_CENTER);
  g_object_set_data (G_OBJECT (row), "bar", bar);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), bar);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), cancel);
  g_signal_connect_object (cancel, "clicked", G_CALLBACK (on_cancel_clicked), job, 0);
  g_signal_connect_object (job, "changed", G_CALLBACK (on_job_changed), row, 0);
  g_signal_connect_object (job, "finished", G_CALLBACK (on_row_job_finished), row, 0);
  g_signal_connect_object (job, "finished", G_CALLBACK (on_window_job_finished), self,
                           G_CONNECT_AFTER);
  gtk_list_box_append (self->jobs, row);
  bh_accessible_tidy (row);
  on_job_changed (job, row);
  show_jobs (self);
}

/* Before any window hears of it. */
static void
on_any_job_finished (BhJob *job, const GError *error, gpointer user_data)
{
  g_ptr_array_remove (jobs, job);
}

static BhJob *
begin (BhTemplatesWindow *self, BhJobKind kind, const char *title)
{
  BhJob *job = bh_job_new (kind, NULL, title);

  g_ptr_array_add (jobs, job);
  g_signal_connect (job, "finished", G_CALLBACK (on_any_job_finished), NULL);
  add_job_row (self, job);
  return job;
}

static void
follow (GObject *source, BhJob *job, const char *path, GError *error)
{
  if (path)
    bh_job_follow (job, g_dbus_proxy_get_connection (G_DBUS_PROXY (source)), path);
  else
    {
      g_dbus_error_strip_remote_error (error);
      bh_job_fail (job, error);
    }
}

static void
on_build_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhJob) job = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  bh_dbus_manager1_call_build_template_finish (BH_DBUS_MANAGER1 (source), &path, result, &error);
  follow (source, job, path, error);
}

static void
on_update_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhJob) job = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  bh_dbus_manager1_call_update_template_finish (BH_DBUS_MANAGER1 (source), &path, result, &error);
  follow (source, job, path, error);
}

static void
on_chosen (BhTemplateChooser *chooser, const char *suite, GStrv packages, BhTemplatesWindow *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  g_autofree char *title = bh_template_make_title (suite, (const char *const *) packages);
  g_autofree char *list = g_strjoinv (";", packages);

  if (manager)
    bh_dbus_manager1_call_build_template (manager, suite, list, NULL, on_build_called,
                                          g_object_ref (begin (self, BH_JOB_BUILD, title)));
}

/* Acts. */

static void
on_check_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhJob) job = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  bh_dbus_manager1_call_check_template_finish (BH_DBUS_MANAGER1 (source), &path, result, &error);
  follow (source, job, path, error);
}

/* One after the other: they would only wait for each other. */
static void
check_next (BhTemplatesWindow *self)
{
  g_autoptr (GVariant) next = g_queue_pop_head (&self->to_check);
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  const char *key, *title;

  if (!next || !manager)
    return;
  g_variant_get (next, "(&s&s)", &key, &title);
  bh_dbus_manager1_call_check_template (manager, key, NULL, on_check_called,
                                        g_object_ref (begin (self, BH_JOB_CHECK, title)));
}

static void
check_templates (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhTemplatesWindow *self = BH_TEMPLATES_WINDOW (widget);
  gboolean idle = g_queue_is_empty (&self->to_check);

  for (guint i = 0; i < jobs->len; i++)
    idle = idle && bh_job_get_kind (jobs->pdata[i]) != BH_JOB_CHECK;
  if (!idle || !self->templates)
    return;
  for (gsize i = 0; i < g_variant_n_children (self->templates); i++)
    {
      g_autoptr (GVariant) template = g_variant_get_child_value (self->templates, i);
      g_autofree char *title = bh_template_get_title (template);
      const char *key = "";

      g_variant_lookup (template, "key", "&s", &key);
      g_queue_push_tail (&self->to_check, g_variant_ref_sink (g_variant_new ("(ss)", key, title)));
    }
  check_next (self);
}

static void
new_template (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhTemplatesWindow *self = BH_TEMPLATES_WINDOW (widget);
  GtkWindow *chooser = bh_template_chooser_new (GTK_WINDOW (self), self->vms);

  g_signal_connect_object (chooser, "chosen", G_CALLBACK (on_chosen), self, 0);
  gtk_window_present (chooser);
}

/* The row's parameter: key and title. */
static void
update_template (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhTemplatesWindow *self = BH_TEMPLATES_WINDOW (widget);
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  const char *key, *title;

  g_variant_get (parameter, "(&s&s)", &key, &title);
  if (manager)
    bh_dbus_manager1_call_update_template (manager, key, NULL, on_update_called,
                                           g_object_ref (begin (self, BH_JOB_BUILD, title)));
}

static void
on_reverted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhTemplatesWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!bh_dbus_manager1_call_revert_template_finish (BH_DBUS_MANAGER1 (source), result, &error))
    bh_trouble_present_plain (GTK_WINDOW (self), _ ("The Build Before Cannot Be Used"), error);
  else
    adw_preferences_window_add_toast (
        ADW_PREFERENCES_WINDOW (self),
        adw_toast_new (_ ("AppVMs use the build before from their next start on")));
  if (self->cancellable)
    ask (self);
}

static void
revert_template (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhTemplatesWindow *self = BH_TEMPLATES_WINDOW (widget);
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  if (manager)
    bh_dbus_manager1_call_revert_template (manager, g_variant_get_string (parameter, NULL), NULL,
                                           on_reverted, g_object_ref (self));
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhTemplatesWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!bh_dbus_manager1_call_remove_template_finish (BH_DBUS_MANAGER1 (source), result, &error))
    bh_trouble_present_plain (GTK_WINDOW (self), _ ("The Template Was Not Removed"), error);
  if (self->cancellable)
    ask (self);
}

static void
remove_now (BhTemplatesWindow *self, const char *key, gboolean force)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  if (manager)
    bh_dbus_manager1_call_remove_template (manager, key, force, NULL, on_removed,
                                           g_object_ref (self));
}

static void
on_remove_response (AdwMessageDialog *dialog, const char *response, BhTemplatesWindow *self)
{
  if (g_str_equal (response, "remove"))
    remove_now (self, g_object_get_data (G_OBJECT (dialog), "key"), TRUE);
}

/* Key, title, and the names of those that use it. */
static void
remove_template (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhTemplatesWindow *self = BH_TEMPLATES_WINDOW (widget);
  const char *key, *title, *users;
  g_autofree char *heading = NULL, *body = NULL;
  AdwMessageDialog *dialog;

  g_variant_get (parameter, "(&s&s&s)", &key, &title, &users);
  if (!*users)
    {
      remove_now (self, key, FALSE);
      return;
    }
  heading = g_strdup_printf (_ ("Remove “%s”?"), title);
  /* Translators: names of AppVMs. */
  body = g_strdup_printf (_ ("These AppVMs use it, and cannot start until it is built again: %s."),
                          users);
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (GTK_WINDOW (self), heading, body));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "remove", _ ("_Remove"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "remove", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "key", g_strdup (key), g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_remove_response), self, 0);
  bh_accessible_tidy (GTK_WIDGET (dialog));
  gtk_window_present (GTK_WINDOW (dialog));
}

/* AppVMs may want one that is not built yet. */

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Suite and packages in the one form that tells sets apart: "trixie foot;less". */
static char *
set_of (const char *suite, const char *const *packages)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_autofree char *list = NULL;

  for (; *packages; packages++)
    if (**packages && !g_ptr_array_find_with_equal_func (sorted, *packages, g_str_equal, NULL))
      g_ptr_array_add (sorted, (gpointer) *packages);
  g_ptr_array_sort (sorted, compare_names);
  g_ptr_array_add (sorted, NULL);
  list = g_strjoinv (";", (char **) sorted->pdata);
  return g_strdup_printf ("%s %s", suite, list);
}

/* NULL: its programs come from this computer. */
static char *
set_of_item (BhVmItem *item)
{
  GVariant *settings = bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (item));
  const char *template = "", *suite = "", *packages = "";
  g_auto (GStrv) list = NULL;

  if (!settings || !g_variant_lookup (settings, "Template", "&s", &template)
      || !g_str_equal (template, "debian"))
    return NULL;
  g_variant_lookup (settings, "Suite", "&s", &suite);
  g_variant_lookup (settings, "Packages", "&s", &packages);
  list = g_strsplit (packages, ";", -1);
  return set_of (suite, (const char *const *) list);
}

static void
build_wanted (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_auto (GStrv) words = g_strsplit (g_variant_get_string (parameter, NULL), " ", 2);
  g_auto (GStrv) packages = g_strsplit (words[1], ";", -1);

  on_chosen (NULL, words[0], packages, BH_TEMPLATES_WINDOW (widget));
}

static void
add_wanted (BhTemplatesWindow *self, const char *set, const char *users)
{
  g_auto (GStrv) words = g_strsplit (set, " ", 2);
  g_auto (GStrv) packages = g_strsplit (words[1], ";", -1);
  g_autofree char *title = bh_template_make_title (words[0], (const char *const *) packages);
  /* Translators: names of AppVMs. */
  g_autofree char *subtitle = g_strdup_printf (_ ("Not built yet. Wanted by: %s."), users);
  g_autofree char *label = g_strdup_printf (_ ("Build %s"), title);
  GtkWidget *row = adw_action_row_new (), *build = gtk_button_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_accessible_update_property (GTK_ACCESSIBLE (build), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  /* Not the button's own label: assistive technologies would read both. */
  gtk_button_set_child (GTK_BUTTON (build), gtk_label_new_with_mnemonic (_ ("_Build")));
  gtk_widget_set_valign (build, GTK_ALIGN_CENTER);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (build), "s", set);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (build), "templates.build");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), build);
  gtk_list_box_append (self->rows, row);
}

/* @templates: what there is; returns how many rows there are more. */
static gsize
add_all_wanted (BhTemplatesWindow *self, GVariant *templates)
{
  g_autoptr (GHashTable) there = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->vms));
  gsize added = 0;

  for (gsize i = 0; i < g_variant_n_children (templates); i++)
    {
      g_autoptr (GVariant) template = g_variant_get_child_value (templates, i);
      g_autofree const char **packages = NULL;
      const char *suite = "";

      g_variant_lookup (template, "suite", "&s", &suite);
      if (g_variant_lookup (template, "packages", "^a&s", &packages))
        g_hash_table_add (there, set_of (suite, packages));
    }
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (BhVmItem) item = g_list_model_get_item (G_LIST_MODEL (self->vms), i);
      g_autofree char *set = set_of_item (item);
      g_autoptr (GString) users = NULL;

      if (!set || g_hash_table_contains (there, set))
        continue;
      users = g_string_new (bh_vm_item_get_name (item));
      for (guint j = i + 1; j < n; j++)
        {
          g_autoptr (BhVmItem) other = g_list_model_get_item (G_LIST_MODEL (self->vms), j);
          g_autofree char *wanted = set_of_item (other);

          if (g_strcmp0 (wanted, set) == 0)
            g_string_append_printf (users, ", %s", bh_vm_item_get_name (other));
        }
      add_wanted (self, set, users->str);
      added++;
      g_hash_table_add (there, g_steal_pointer (&set));
    }
  return added;
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhTemplatesWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) templates = NULL;
  GVariantIter iter;
  GVariant *template;
  GtkWidget *child;
  gsize n = 0;

  bh_dbus_manager1_call_list_templates_finish (BH_DBUS_MANAGER1 (source), &templates, result,
                                               &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->rows))))
    gtk_list_box_remove (self->rows, child);
  if (templates)
    {
      n = g_variant_n_children (templates) + add_all_wanted (self, templates);
      g_variant_iter_init (&iter, templates);
      while (g_variant_iter_loop (&iter, "@a{sv}", &template))
        gtk_list_box_append (self->rows, bh_template_row_new (template));
      gtk_label_set_text (self->none, _ ("There is none yet."));
      gtk_widget_action_set_enabled (GTK_WIDGET (self), "templates.check",
                                     g_variant_n_children (templates) > 0);
      g_clear_pointer (&self->templates, g_variant_unref);
      self->templates = g_variant_ref (templates);
    }
  else
    {
      g_dbus_error_strip_remote_error (error);
      gtk_label_set_text (self->none, error->message);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->rows), n > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->none), n == 0);
}

static void
ask (BhTemplatesWindow *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "templates.new", manager != NULL);
  if (g_set_object (&self->manager, manager) && manager)
    g_signal_connect_object (manager, "templates-changed", G_CALLBACK (ask), self,
                             G_CONNECT_SWAPPED);
  if (manager)
    bh_dbus_manager1_call_list_templates (manager, self->cancellable, on_listed, self);
  else
    gtk_label_set_text (self->none, _ ("Bulkhead's service does not answer."));
}

static void
bh_templates_window_dispose (GObject *object)
{
  BhTemplatesWindow *self = BH_TEMPLATES_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->manager);
  g_clear_object (&self->vms);
  g_clear_pointer (&self->templates, g_variant_unref);
  g_queue_clear_full (&self->to_check, (GDestroyNotify) g_variant_unref);
  G_OBJECT_CLASS (bh_templates_window_parent_class)->dispose (object);
}

static void
bh_templates_window_class_init (BhTemplatesWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_templates_window_dispose;
  jobs = g_ptr_array_new_with_free_func (g_object_unref);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-templates-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhTemplatesWindow, building);
  gtk_widget_class_bind_template_child (widget_class, BhTemplatesWindow, jobs);
  gtk_widget_class_bind_template_child (widget_class, BhTemplatesWindow, rows);
  gtk_widget_class_bind_template_child (widget_class, BhTemplatesWindow, none);
  gtk_widget_class_install_action (widget_class, "templates.new", NULL, new_template);
  gtk_widget_class_install_action (widget_class, "templates.check", NULL, check_templates);
  gtk_widget_class_install_action (widget_class, "templates.build", "s", build_wanted);
  gtk_widget_class_install_action (widget_class, "templates.update", "(ss)", update_template);
  gtk_widget_class_install_action (widget_class, "templates.revert", "s", revert_template);
  gtk_widget_class_install_action (widget_class, "templates.remove", "(sss)", remove_template);
}

static void
bh_templates_window_init (BhTemplatesWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->to_check);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "templates.check", FALSE);
}

GtkWindow *
bh_templates_window_new (GtkWindow *parent, BhVmList *vms)
{
  BhTemplatesWindow *self = g_object_new (BH_TYPE_TEMPLATES_WINDOW, "transient-for", parent, NULL);

  self->vms = g_object_ref (vms);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (ask), self, G_CONNECT_SWAPPED);
  for (guint i = 0; i < jobs->len; i++)
    add_job_row (self, jobs->pdata[i]);
  ask (self);
  return GTK_WINDOW (self);
}
