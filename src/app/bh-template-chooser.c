/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks what a new Debian template is to be made of: a release, and packages, found as applications or given
 * by their names. */
#include "config.h"

#include "bh-template-chooser.h"

#include "bh-accessible.h"
#include "bh-keys.h"
#include "bh-program-row.h"
#include "bh-text.h"

#include <glib/gi18n.h>

/* Typing is not to be searched for letter by letter. */
#define MIN_CHARS 2

struct _BhTemplateChooser
{
  AdwWindow parent_instance;
  BhVmList *vms;
  GPtrArray *packages;
  GCancellable *searching; /* NULL: nothing is searched for */
  AdwComboRow *suite;
  GtkListBox *chosen, *results;
  GtkSearchEntry *search;
  GtkWidget *busy;
  GtkSpinner *spinner;
  GtkLabel *hint;
};

G_DEFINE_FINAL_TYPE (BhTemplateChooser, bh_template_chooser, ADW_TYPE_WINDOW)

static guint chosen_signal;

static void show_chosen (BhTemplateChooser *self);

static gboolean
has (BhTemplateChooser *self, const char *package)
{
  return g_ptr_array_find_with_equal_func (self->packages, package, g_str_equal, NULL);
}

static void
set_chosen (BhTemplateChooser *self, const char *package, gboolean chosen)
{
  guint position;
  gboolean had =
      g_ptr_array_find_with_equal_func (self->packages, package, g_str_equal, &position);

  if (had == chosen)
    return;
  if (chosen)
    g_ptr_array_add (self->packages, g_strdup (package));
  else
    g_ptr_array_remove_index (self->packages, position);
  show_chosen (self);
}

static void
on_remove_clicked (GtkButton *button, BhTemplateChooser *self)
{
  /* The button goes away with its row. */
  g_autofree char *package = g_strdup (g_object_get_data (G_OBJECT (button), "package"));

  gtk_widget_grab_focus (GTK_WIDGET (self->search));
  set_chosen (self, package, FALSE);
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->results)); row;
       row = gtk_widget_get_next_sibling (row))
    if (g_str_equal (bh_program_get_id (bh_program_row_get_program (BH_PROGRAM_ROW (row))), package))
      bh_program_row_set_chosen (BH_PROGRAM_ROW (row), FALSE);
}

static void
show_chosen (BhTemplateChooser *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->chosen))))
    gtk_list_box_remove (self->chosen, child);
  for (guint i = 0; i < self->packages->len; i++)
    {
      const char *package = self->packages->pdata[i];
      GtkWidget *row = adw_action_row_new ();
      GtkWidget *remove = gtk_button_new_from_icon_name ("list-remove-symbolic");
      g_autofree char *tooltip = g_strdup_printf (_ ("Remove %s"), package);

      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), package);
      gtk_widget_set_tooltip_text (remove, tooltip);
      gtk_accessible_update_property (GTK_ACCESSIBLE (remove), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      tooltip, -1);
      gtk_widget_set_valign (remove, GTK_ALIGN_CENTER);
      gtk_widget_add_css_class (remove, "flat");
      g_object_set_data_full (G_OBJECT (remove), "package", g_strdup (package), g_free);
      g_signal_connect_object (remove, "clicked", G_CALLBACK (on_remove_clicked), self, 0);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), remove);
      gtk_list_box_append (self->chosen, row);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->chosen), self->packages->len > 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chooser.build", self->packages->len > 0);
}

/* Searching. */

static void
on_row_toggled (BhProgramRow *row, BhTemplateChooser *self)
{
  set_chosen (self, bh_program_get_id (bh_program_row_get_program (row)),
              bh_program_row_is_chosen (row));
}

/* Its id is the package. */
static void
add_result (BhTemplateChooser *self, const char *package, const char *name, const char *summary,
            const char *icon)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) description = NULL;
  g_autoptr (BhProgram) program = NULL;
  GtkWidget *row;

  g_variant_dict_insert (&dict, "id", "s", package);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "summary", "s", summary);
  g_variant_dict_insert (&dict, "icon", "s", icon);
  g_variant_dict_insert (&dict, "usable", "b", TRUE);
  description = g_variant_ref_sink (g_variant_dict_end (&dict));
  program = bh_program_new (description);
  if (!program)
    return;
  row = bh_program_row_new (program, FALSE);
  bh_program_row_set_chosen (BH_PROGRAM_ROW (row), has (self, package));
  g_signal_connect_object (row, "toggled", G_CALLBACK (on_row_toggled), self, 0);
  gtk_list_box_append (self->results, row);
}

static void
clear_results (BhTemplateChooser *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->results))))
    gtk_list_box_remove (self->results, child);
}

static void
set_busy (BhTemplateChooser *self, gboolean busy)
{
  gtk_spinner_set_spinning (self->spinner, busy);
  gtk_widget_set_visible (self->busy, busy);
}

static char *
dup_typed (BhTemplateChooser *self)
{
  return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->search))));
}

/* What was typed may be a package that is no application. */
static void
add_typed (BhTemplateChooser *self)
{
  g_autofree char *typed = dup_typed (self), *name = NULL;
  const BhKey *key = bh_keys_find ("Packages");

  if (!key->check (typed))
    return;
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->results)); row;
       row = gtk_widget_get_next_sibling (row))
    if (g_str_equal (bh_program_get_id (bh_program_row_get_program (BH_PROGRAM_ROW (row))), typed))
      return;
  name = g_strdup_printf (_ ("Package %s"), typed);
  add_result (self, typed, name, _ ("By its name, if Debian has one that is called so"),
              "package-x-generic");
}

static void
show_results (BhTemplateChooser *self, GVariant *found, const char *problem)
{
  GVariantIter iter;
  GVariant *one;

  set_busy (self, FALSE);
  clear_results (self);
  if (found)
    {
      g_variant_iter_init (&iter, found);
      while (g_variant_iter_loop (&iter, "@a{sv}", &one))
        {
          const char *package = "", *name = "", *summary = "", *icon = "";

          g_variant_lookup (one, "package", "&s", &package);
          g_variant_lookup (one, "name", "&s", &name);
          g_variant_lookup (one, "summary", "&s", &summary);
          g_variant_lookup (one, "icon", "&s", &icon);
          add_result (self, package, name, summary, icon);
        }
    }
  add_typed (self);
  gtk_widget_set_visible (GTK_WIDGET (self->results),
                          gtk_widget_get_first_child (GTK_WIDGET (self->results)) != NULL);
  gtk_label_set_text (self->hint, problem ? problem : "");
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhTemplateChooser *self = user_data;
  g_autoptr (GVariant) reply = NULL, found = NULL;
  g_autoptr (GError) error = NULL;

  reply = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->searching);
  if (reply && g_variant_is_of_type (reply, G_VARIANT_TYPE ("(aa{sv})")))
    found = g_variant_get_child_value (reply, 0);
  if (error)
    g_dbus_error_strip_remote_error (error);
  show_results (self, found,
                error ? error->message
                : g_variant_n_children (found) == 0 ? _ ("Debian has no such application.")
                                                    : NULL);
}

static void
stop_searching (BhTemplateChooser *self)
{
  g_cancellable_cancel (self->searching);
  g_clear_object (&self->searching);
}

static const char *
get_suite (BhTemplateChooser *self)
{
  return bh_keys_find ("Suite")->choices[adw_combo_row_get_selected (self->suite)];
}

static void
search (BhTemplateChooser *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  g_autofree char *typed = dup_typed (self);

  stop_searching (self);
  if (g_utf8_strlen (typed, -1) < MIN_CHARS || !manager)
    {
      show_results (self, NULL,
                    manager ? _ ("Programs are found by their names and by what they are for.")
                            : _ ("Bulkhead's service does not answer."));
      return;
    }
  set_busy (self, TRUE);
  self->searching = g_cancellable_new ();
  /* By hand: it may take as long as a download takes. */
  g_dbus_proxy_call (G_DBUS_PROXY (manager), "SearchDebian",
                     g_variant_new ("(ss)", get_suite (self), typed), G_DBUS_CALL_FLAGS_NONE,
                     G_MAXINT, self->searching, on_found, self);
}

static void
on_search_changed (GtkSearchEntry *entry, BhTemplateChooser *self)
{
  search (self);
}

static void
build (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhTemplateChooser *self = BH_TEMPLATE_CHOOSER (widget);
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_auto (GStrv) packages = NULL;

  for (guint i = 0; i < self->packages->len; i++)
    g_strv_builder_add (all, self->packages->pdata[i]);
  packages = g_strv_builder_end (all);
  g_signal_emit (self, chosen_signal, 0, get_suite (self), packages);
  gtk_window_set_focus (GTK_WINDOW (self), NULL);
  gtk_window_close (GTK_WINDOW (self));
}

static void
bh_template_chooser_dispose (GObject *object)
{
  BhTemplateChooser *self = BH_TEMPLATE_CHOOSER (object);

  stop_searching (self);
  g_clear_object (&self->vms);
  g_clear_pointer (&self->packages, g_ptr_array_unref);
  G_OBJECT_CLASS (bh_template_chooser_parent_class)->dispose (object);
}

static void
bh_template_chooser_class_init (BhTemplateChooserClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_template_chooser_dispose;
  chosen_signal = g_signal_new ("chosen", BH_TYPE_TEMPLATE_CHOOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRV);
  gtk_widget_class_install_action (widget_class, "chooser.build", NULL, build);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK,
                                       "chooser.build", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-template-chooser.ui");
  gtk_widget_class_bind_template_child (widget_class, BhTemplateChooser, suite);
  gtk_widget_class_bind_template_child (widget_class, BhTemplateChooser, chosen);
  gtk_widget_class_bind_template_child (widget_class, BhTemplateChooser, search);
  gtk_widget_class_bind_template_child (widget_class, BhTemplateChooser, busy);
  gtk_widget_class_bind_template_child (widget_class, BhTemplateChooser, spinner);
  gtk_widget_class_bind_template_child (widget_class, BhTemplateChooser, results);
  gtk_widget_class_bind_template_child (widget_class, BhTemplateChooser, hint);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
}

static void
bh_template_chooser_init (BhTemplateChooser *self)
{
  const BhKey *key = bh_keys_find ("Suite");
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);
  guint usual = 0;

  self->packages = g_ptr_array_new_with_free_func (g_free);
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  for (guint i = 0; key->choices[i]; i++)
    {
      gtk_string_list_append (titles, _ (key->choice_titles[i]));
      if (g_str_equal (key->choices[i], key->fallback))
        usual = i;
    }
  adw_combo_row_set_model (self->suite, G_LIST_MODEL (titles));
  adw_combo_row_set_selected (self->suite, usual);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->search), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Search Debian’s applications"), -1);
  show_chosen (self);
}

GtkWindow *
bh_template_chooser_new (GtkWindow *parent, BhVmList *vms)
{
  BhTemplateChooser *self = g_object_new (BH_TYPE_TEMPLATE_CHOOSER, "transient-for", parent, NULL);

  self->vms = g_object_ref (vms);
  search (self);
  g_signal_connect_object (self->suite, "notify::selected", G_CALLBACK (search), self,
                           G_CONNECT_SWAPPED);
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
  return GTK_WINDOW (self);
}
