/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings of one AppVM: a page for each kind, its rows from the table of keys.
 *
 * What is shown is what the service says; a change is asked for at once, and is shown again as it
 * was when the service refuses it. */
#include "config.h"

#include "bh-settings-window.h"

#include "bh-accessible.h"
#include "bh-color-dot.h"
#include "bh-home-group.h"
#include "bh-launch.h"
#include "bh-name-check.h"
#include "bh-problem-row.h"
#include "bh-reach.h"
#include "bh-setting-rows.h"

#include <glib/gi18n.h>

#define PROBLEM_HEIGHT 84

struct _BhSettingsWindow
{
  AdwWindow parent_instance;
  BhVmItem *item;
  BhVmList *vms;
  GPtrArray *rows; /* not owned: the pages' */
  GStrv shown_problems;

  AdwViewSwitcherTitle *title;
  AdwViewStack *stack;
  GtkWidget *restart, *problems_box;
  BhColorDot *dot;
  GtkLabel *restart_text, *name, *reach;
  GtkScrolledWindow *problems_scrolled;
  GtkListBox *problems;
};

G_DEFINE_FINAL_TYPE (BhSettingsWindow, bh_settings_window, ADW_TYPE_WINDOW)

/* Short groups share a page. */
static const struct
{
  const char *name, *title, *icon;
  BhKeyGroup groups[3];
  int n_groups;
} pages[] = {
  { "general",
    N_ ("General"),
    "preferences-system-symbolic",
    { BH_GROUP_GENERAL, BH_GROUP_RESOURCES },
    2 },
  { "reach", N_ ("Reach"), "security-high-symbolic", { BH_GROUP_REACH }, 1 },
  { "home", N_ ("Home"), "user-home-symbolic", { BH_GROUP_HOME }, 1 },
  { "behaviour", N_ ("Behaviour"), "system-run-symbolic", { BH_GROUP_BEHAVIOUR }, 1 },
  { "advanced", N_ ("Advanced"), "applications-engineering-symbolic", { BH_GROUP_ADVANCED }, 1 },
};

static const char *
value_of (GVariant *settings, const BhKey *key)
{
  const char *value;

  if (settings && g_variant_lookup (settings, key->name, "&s", &value))
    return value;
  return key->fallback ? key->fallback : "";
}

static void
update_restart (BhSettingsWindow *self)
{
  const char *const *keys = bh_dbus_vm1_get_restart_keys (bh_vm_item_get_proxy (self->item));
  g_autoptr (GString) titles = g_string_new (NULL);
  g_autofree char *text = NULL;

  for (guint i = 0; i < self->rows->len; i++)
    {
      BhSettingRow *row = self->rows->pdata[i];
      const BhKey *key = bh_setting_row_get_key (row);
      gboolean waiting = keys && g_strv_contains (keys, key->name);

      bh_setting_row_set_waiting (row, waiting);
      if (waiting)
        g_string_append_printf (titles, titles->len > 0 ? _ (", %s") : "%s", _ (key->title));
    }
  /* Translators: a list of settings that were changed. */
  text = g_strdup_printf (_ ("Takes effect at the next start: %s"), titles->str);
  gtk_label_set_text (self->restart_text, text);
  gtk_widget_set_visible (self->restart, titles->len > 0);
}

static void
update_problems (BhSettingsWindow *self)
{
  const char *const *problems = bh_dbus_vm1_get_problems (bh_vm_item_get_proxy (self->item));
  static const char *const none[] = { NULL };
  GtkWidget *child;

  problems = problems ?: none;
  if (self->shown_problems && g_strv_equal ((const char *const *) self->shown_problems, problems))
    return;
  g_strfreev (self->shown_problems);
  self->shown_problems = g_strdupv ((char **) problems);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->problems))))
    gtk_list_box_remove (self->problems, child);
  for (gsize i = 0; problems[i]; i++)
    gtk_list_box_append (self->problems, bh_problem_row_new (self->item, problems[i]));
  /* Wrapped text does not make it high enough by itself. */
  gtk_scrolled_window_set_min_content_height (self->problems_scrolled,
                                              MIN ((int) g_strv_length (self->shown_problems), 2)
                                                  * PROBLEM_HEIGHT);
  gtk_widget_set_visible (self->problems_box, problems[0] != NULL);
}

static void
update (BhSettingsWindow *self)
{
  GVariant *settings = bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (self->item));
  g_autofree char *reach = settings ? bh_reach_describe (settings) : g_strdup ("");

  gtk_label_set_text (self->name, bh_vm_item_get_name (self->item));
  bh_color_dot_set (self->dot, bh_vm_item_get_color (self->item), bh_vm_item_get_name (self->item));
  for (guint i = 0; i < self->rows->len; i++)
    {
      BhSettingRow *row = self->rows->pdata[i];

      bh_setting_row_set_value (row, value_of (settings, bh_setting_row_get_key (row)));
      bh_setting_row_set_template (row, value_of (settings, bh_keys_find ("Template")));
    }
  if (!g_str_equal (gtk_label_get_text (self->reach), reach))
    gtk_label_set_text (self->reach, reach);
  update_restart (self);
  update_problems (self);
}

/* A change under way. */
typedef struct
{
  BhSettingRow *row;
  char *value;
} Change;

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;
  g_autoptr (GError) error = NULL;

  if (!bh_dbus_vm1_call_set_finish (BH_DBUS_VM1 (source), NULL, result, &error))
    g_dbus_error_strip_remote_error (error);
  bh_setting_row_answer (change->row, change->value, error ? error->message : NULL);
  g_object_unref (change->row);
  g_free (change->value);
  g_free (change);
}

static void
on_proposed (BhSettingRow *row, const char *value, BhSettingsWindow *self)
{
  GVariantBuilder settings;
  Change *change = g_new (Change, 1);

  *change = (Change){ g_object_ref (row), g_strdup (value) };
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", bh_setting_row_get_key (row)->name, value);
  /* Not cancelled with the window: what was asked for is done. */
  bh_dbus_vm1_call_set (bh_vm_item_get_proxy (self->item), g_variant_builder_end (&settings), NULL,
                        on_set, change);
}

static char *
check_name (const char *name, gpointer data)
{
  BhSettingsWindow *self = data;
  gboolean fatal;
  g_autofree char *hint = bh_name_check (self->vms, self->item, name, &fatal);

  return fatal ? g_steal_pointer (&hint) : NULL;
}

static void
restart (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhSettingsWindow *self = BH_SETTINGS_WINDOW (widget);
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));

  /* What comes of it is told by the main window, also when this one is closed. */
  bh_launch_restart (self->item, parent ? GTK_WIDGET (parent) : widget);
}

static void
on_item_changed (BhVmItem *item, BhSettingsWindow *self)
{
  update (self);
}

/* Deleted, or the service has begun anew: this is nobody's settings. */
static void
on_items_changed (BhSettingsWindow *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->vms));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (BhVmItem) item = g_list_model_get_item (G_LIST_MODEL (self->vms), i);

      if (item == self->item)
        return;
    }
  gtk_window_destroy (GTK_WINDOW (self));
}

static void
make_pages (BhSettingsWindow *self, BhProgramList *programs)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      AdwPreferencesPage *page = ADW_PREFERENCES_PAGE (adw_preferences_page_new ());
      guint before = self->rows->len;
      AdwViewStackPage *in_stack;

      for (int g = 0; g < pages[i].n_groups; g++)
        {
          AdwPreferencesGroup *group =
              bh_setting_rows_make (pages[i].groups[g], programs, NULL, self->rows);

          if (group)
            adw_preferences_page_add (page, group);
          if (pages[i].groups[g] == BH_GROUP_HOME)
            adw_preferences_page_add (page,
                                      ADW_PREFERENCES_GROUP (bh_home_group_new (self->item)));
        }
      if (self->rows->len == before)
        {
          g_object_ref_sink (page);
          g_object_unref (page);
          continue;
        }
      in_stack = adw_view_stack_add_titled (self->stack, GTK_WIDGET (page), pages[i].name,
                                            _ (pages[i].title));
      adw_view_stack_page_set_icon_name (in_stack, pages[i].icon);
    }
}

static void
focus_key (BhSettingsWindow *self, const char *name)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      BhSettingRow *row = self->rows->pdata[i];
      GtkWidget *page;

      if (!g_str_equal (bh_setting_row_get_key (row)->name, name))
        continue;
      page = gtk_widget_get_ancestor (GTK_WIDGET (row), ADW_TYPE_PREFERENCES_PAGE);
      adw_view_stack_set_visible_child (self->stack, page);
      bh_setting_row_focus (row);
    }
}

static gboolean
bh_settings_window_close_request (GtkWindow *window)
{
  BhSettingsWindow *self = BH_SETTINGS_WINDOW (window);

  for (guint i = 0; i < self->rows->len; i++)
    bh_setting_row_flush (self->rows->pdata[i]);
  return GTK_WINDOW_CLASS (bh_settings_window_parent_class)->close_request (window);
}

static void
bh_settings_window_dispose (GObject *object)
{
  BhSettingsWindow *self = BH_SETTINGS_WINDOW (object);

  /* Rows that outlive the window for an answer must not ask it about names. */
  for (guint i = 0; self->rows && i < self->rows->len; i++)
    bh_setting_row_set_check (self->rows->pdata[i], NULL, NULL);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_clear_object (&self->item);
  g_clear_object (&self->vms);
  g_clear_pointer (&self->shown_problems, g_strfreev);
  G_OBJECT_CLASS (bh_settings_window_parent_class)->dispose (object);
}

static void
bh_settings_window_class_init (BhSettingsWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_settings_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = bh_settings_window_close_request;
  g_type_ensure (BH_TYPE_COLOR_DOT);
  gtk_widget_class_install_action (widget_class, "window.restart-vm", NULL, restart);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-settings-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, title);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, restart);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, restart_text);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, dot);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, name);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, reach);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, problems_box);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, problems);
  gtk_widget_class_bind_template_child (widget_class, BhSettingsWindow, problems_scrolled);
}

static void
bh_settings_window_init (BhSettingsWindow *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWindow *
bh_settings_window_new (GtkWindow *parent, BhVmItem *item, BhVmList *vms, BhProgramList *programs,
                        const char *key)
{
  BhSettingsWindow *self = g_object_new (BH_TYPE_SETTINGS_WINDOW, "transient-for", parent, NULL);
  g_autoptr (BhProgramList) list =
      bh_program_list_for (programs, bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (item)));

  self->item = g_object_ref (item);
  self->vms = g_object_ref (vms);
  make_pages (self, list);
  for (guint i = 0; i < self->rows->len; i++)
    {
      BhSettingRow *row = self->rows->pdata[i];

      if (g_str_equal (bh_setting_row_get_key (row)->name, "Name"))
        bh_setting_row_set_check (row, check_name, self);
      g_signal_connect_object (row, "proposed", G_CALLBACK (on_proposed), self, 0);
    }
  g_signal_connect (item, "changed", G_CALLBACK (on_item_changed), self);
  g_signal_connect_object (vms, "items-changed", G_CALLBACK (on_items_changed), self,
                           G_CONNECT_SWAPPED);
  update (self);
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->stack));
  if (key)
    focus_key (self, key);
  return GTK_WINDOW (self);
}
