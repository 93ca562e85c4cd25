/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main window: the AppVMs, and the page of the chosen one. */
#include "config.h"

#include "bh-main-window.h"

#include "bh-accessible.h"
#include "bh-create-window.h"
#include "bh-launch.h"
#include "bh-vm-page.h"
#include "bh-vm-row.h"

#include <glib/gi18n.h>

#define SCHEMA "io.github.bulkhead.Bulkhead"
/* A page that comes and goes faster than this only flickers. */
#define LOADING_DELAY_MS 300
/* An offer needs more time to be read and taken than a notice. */
#define OFFER_SECONDS 12

struct _BhMainWindow
{
  AdwApplicationWindow parent_instance;
  BhVmList *vms;
  BhProgramList *programs;
  GSettings *settings; /* (nullable): not installed */
  char *chosen;
  guint loading_delay;
  GStrv words;
  GtkCustomFilter *filter;

  AdwToastOverlay *toasts;
  GtkStack *stack;
  AdwStatusPage *trouble;
  AdwLeaflet *leaflet;
  GtkWidget *sidebar;
  AdwHeaderBar *sidebar_header;
  GtkToggleButton *search_button;
  GtkSearchBar *search_bar;
  GtkSearchEntry *search;
  GtkListBox *rows;
  GtkWidget *no_results;
  BhVmPage *page;
  GtkWidget *slow_notice;
};

G_DEFINE_FINAL_TYPE (BhMainWindow, bh_main_window, ADW_TYPE_APPLICATION_WINDOW)

static BhVmRow *
find_row (BhMainWindow *self, const char *id)
{
  GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->rows));

  for (; row; row = gtk_widget_get_next_sibling (row))
    if (BH_IS_VM_ROW (row)
        && g_strcmp0 (bh_vm_item_get_id (bh_vm_row_get_item (BH_VM_ROW (row))), id) == 0)
      return BH_VM_ROW (row);
  return NULL;
}

static void
select_chosen (BhMainWindow *self)
{
  gtk_list_box_select_row (self->rows, GTK_LIST_BOX_ROW (find_row (self, self->chosen)));
}

static void
choose (BhMainWindow *self, BhVmItem *item)
{
  g_free (self->chosen);
  self->chosen = item ? g_strdup (bh_vm_item_get_id (item)) : NULL;
  bh_vm_page_set_item (self->page, item);
}

/* The chosen AppVM when it is still there, else the first. */
static void
choose_some (BhMainWindow *self)
{
  g_autoptr (BhVmItem) first = g_list_model_get_item (G_LIST_MODEL (self->vms), 0);
  BhVmItem *item = self->chosen ? bh_vm_list_find_id (self->vms, self->chosen) : NULL;

  choose (self, item ? item : first);
  select_chosen (self);
}

static gboolean
on_loading_delay (gpointer user_data)
{
  BhMainWindow *self = user_data;

  self->loading_delay = 0;
  gtk_stack_set_visible_child_name (self->stack, "loading");
  return G_SOURCE_REMOVE;
}

static void
show_trouble (BhMainWindow *self)
{
  g_autofree char *escaped = g_markup_escape_text (bh_vm_list_get_problem (self->vms) ?: "", -1);
  g_autofree char *text = g_strdup_printf (
      "%s\n\n%s", _ ("Your AppVMs cannot be shown or changed until it answers."), escaped);

  adw_status_page_set_description (self->trouble, text);
  gtk_stack_set_visible_child_name (self->stack, "trouble");
}

static void
on_virtualization (BhMainWindow *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  gtk_widget_set_visible (
      self->slow_notice,
      manager && g_strcmp0 (bh_dbus_manager1_get_virtualization (manager), "tcg") == 0);
}

static void
on_state_changed (BhVmList *vms, BhMainWindow *self)
{
  BhVmListState state = bh_vm_list_get_state (vms);
  gboolean ready = state == BH_VM_LIST_READY;

  g_clear_handle_id (&self->loading_delay, g_source_remove);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.new-vm", ready);
  switch (state)
    {
    case BH_VM_LIST_LOADING:
      self->loading_delay = g_timeout_add (LOADING_DELAY_MS, on_loading_delay, self);
      break;
    case BH_VM_LIST_BROKEN:
      show_trouble (self);
      break;
    case BH_VM_LIST_READY:
      choose_some (self);
      on_virtualization (self);
      gtk_stack_set_visible_child_name (
          self->stack, g_list_model_get_n_items (G_LIST_MODEL (vms)) > 0 ? "main" : "welcome");
      break;
    }
}

/* Asked once for each service we meet. */
static void
on_ready (BhVmList *vms, BhMainWindow *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (vms);

  if (!manager || g_object_get_data (G_OBJECT (manager), "bh-met"))
    return;
  g_object_set_data (G_OBJECT (manager), "bh-met", manager);
  g_signal_connect_object (manager, "notify::virtualization", G_CALLBACK (on_virtualization), self,
                           G_CONNECT_SWAPPED);
  bh_program_list_load (self->programs, manager);
}

static void
on_notice (BhVmItem *item, const char *text, BhMainWindow *self)
{
  g_autofree char *full = g_strdup_printf (_ ("%s: %s"), bh_vm_item_get_name (item), text);

  bh_main_window_toast (self, full);
}

static void
on_program_crashed (BhVmItem *item, const char *label, BhMainWindow *self)
{
  g_autofree char *full =
      g_strdup_printf (_ ("%s crashed in “%s”"), label, bh_vm_item_get_name (item));

  bh_main_window_toast (self, full);
}

static GtkWidget *
create_row (gpointer item, gpointer user_data)
{
  g_signal_handlers_disconnect_by_data (item, user_data);
  g_signal_connect_object (item, "notice", G_CALLBACK (on_notice), user_data, 0);
  g_signal_connect_object (item, "program-crashed", G_CALLBACK (on_program_crashed), user_data, 0);
  return bh_vm_row_new (item);
}

/* Its name has all words, or one of its programs has. */
static gboolean
item_matches (gpointer item, gpointer user_data)
{
  BhMainWindow *self = user_data;
  const char *const *ids = bh_vm_item_get_applications (item);
  g_autofree char *name = g_utf8_casefold (bh_vm_item_get_name (item), -1);
  gboolean all = TRUE;

  for (gsize i = 0; self->words && self->words[i]; i++)
    all = all && strstr (name, self->words[i]);
  for (gsize i = 0; ids[i] && !all; i++)
    {
      g_autoptr (BhProgram) program = bh_program_list_lookup (self->programs, ids[i]);

      all = bh_program_matches (program, (const char *const *) self->words);
    }
  return all;
}

static void
on_search_changed (GtkSearchEntry *entry, BhMainWindow *self)
{
  g_autofree char *normal =
      g_utf8_normalize (gtk_editable_get_text (GTK_EDITABLE (entry)), -1, G_NORMALIZE_ALL);
  g_autofree char *folded = g_utf8_casefold (normal ?: "", -1);

  g_strfreev (self->words);
  self->words = g_strsplit_set (g_strstrip (folded), " \t", -1);
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  gtk_widget_set_visible (self->no_results, !gtk_list_box_get_row_at_index (self->rows, 0));
  select_chosen (self);
}

static void
on_search_activate (GtkSearchEntry *entry, BhMainWindow *self)
{
  GtkListBoxRow *first = gtk_list_box_get_row_at_index (self->rows, 0);

  if (first)
    {
      gtk_widget_activate (GTK_WIDGET (first));
      gtk_widget_grab_focus (GTK_WIDGET (first));
    }
}

static void
on_row_selected (GtkListBox *list, GtkListBoxRow *row, BhMainWindow *self)
{
  if (row && bh_vm_row_get_item (BH_VM_ROW (row)) != bh_vm_page_get_item (self->page))
    choose (self, bh_vm_row_get_item (BH_VM_ROW (row)));
}

static void
on_row_activated (GtkListBox *list, GtkListBoxRow *row, BhMainWindow *self)
{
  choose (self, bh_vm_row_get_item (BH_VM_ROW (row)));
  gtk_list_box_select_row (list, row);
  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->page));
}

static void
on_back (BhVmPage *page, BhMainWindow *self)
{
  adw_leaflet_set_visible_child (self->leaflet, self->sidebar);
}

static void
on_folded (BhMainWindow *self)
{
  gboolean folded = adw_leaflet_get_folded (self->leaflet);

  bh_vm_page_set_folded (self->page, folded);
  adw_header_bar_set_show_end_title_buttons (self->sidebar_header, folded);
  /* In one column a selected row would only look as if it had been clicked. */
  gtk_list_box_set_selection_mode (self->rows, folded ? GTK_SELECTION_NONE : GTK_SELECTION_SINGLE);
  if (!folded)
    select_chosen (self);
}

/* "Start Calculator" of the toast that says an AppVM is ready. */
static void
on_start_first (AdwToast *toast, BhVmItem *item)
{
  const char *app = g_object_get_data (G_OBJECT (toast), "app");
  const char *label = g_object_get_data (G_OBJECT (toast), "label");

  bh_launch_program (item, app, label, g_object_get_data (G_OBJECT (toast), "window"));
}

static void
offer_start (BhMainWindow *self, BhVmItem *item)
{
  const char *const *ids = bh_vm_item_get_applications (item);
  g_autofree char *text = g_strdup_printf (_ ("“%s” is ready"), bh_vm_item_get_name (item));
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  AdwToast *toast = adw_toast_new (escaped);

  if (ids[0])
    {
      g_autoptr (BhProgram) program = bh_program_list_lookup (self->programs, ids[0]);
      g_autofree char *label = g_strdup_printf (_ ("Start %s"), bh_program_get_name (program));

      adw_toast_set_button_label (toast, label);
      adw_toast_set_timeout (toast, OFFER_SECONDS);
      g_object_set_data_full (G_OBJECT (toast), "app", g_strdup (ids[0]), g_free);
      g_object_set_data_full (G_OBJECT (toast), "label", g_strdup (bh_program_get_name (program)),
                              g_free);
      g_object_set_data (G_OBJECT (toast), "window", self);
      g_signal_connect_object (toast, "button-clicked", G_CALLBACK (on_start_first), item, 0);
    }
  bh_main_window_add_toast (self, toast);
}

static void
on_created (BhCreateWindow *window, const char *path, BhMainWindow *self)
{
  BhVmItem *item = bh_vm_list_find_path (self->vms, path);

  g_free (self->chosen);
  self->chosen = NULL;
  if (!item)
    {
      /* Its signal is on the way; "added" completes this. */
      self->chosen = g_strdup (path);
      return;
    }
  self->chosen = g_strdup (bh_vm_item_get_id (item));
  choose_some (self);
  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->page));
  bh_vm_page_focus (self->page);
  offer_start (self, item);
}

static void
on_added (BhVmList *vms, BhVmItem *item, BhMainWindow *self)
{
  const char *path = g_dbus_proxy_get_object_path (G_DBUS_PROXY (bh_vm_item_get_proxy (item)));

  if (g_strcmp0 (self->chosen, path) == 0)
    on_created (NULL, path, self);
}

static void
new_vm (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhMainWindow *self = BH_MAIN_WINDOW (widget);
  GtkWindow *window = bh_create_window_new (GTK_WINDOW (self), self->vms, self->programs);

  g_signal_connect_object (window, "created", G_CALLBACK (on_created), self, 0);
  gtk_window_present (window);
}

static void
find (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhMainWindow *self = BH_MAIN_WINDOW (widget);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "main") != 0)
    return;
  adw_leaflet_set_visible_child (self->leaflet, self->sidebar);
  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

static void
try_again (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhMainWindow *self = BH_MAIN_WINDOW (widget);

  gtk_stack_set_visible_child_name (self->stack, "loading");
  bh_vm_list_connect (self->vms);
}

/* Made when asked for: one that waits unrealized, as GtkApplicationWindow would make it, lets GTK 4.8
 * crash when an assistive technology asks for a window that has just closed. */
static void
show_shortcuts (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_autoptr (GtkBuilder) builder =
      gtk_builder_new_from_resource ("/io/github/bulkhead/Bulkhead/ui/shortcuts.ui");
  GtkWindow *window = GTK_WINDOW (gtk_builder_get_object (builder, "shortcuts"));

  gtk_window_set_transient_for (window, GTK_WINDOW (widget));
  gtk_window_present (window);
}

static void
restore_size (BhMainWindow *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
      source ? g_settings_schema_source_lookup (source, SCHEMA, TRUE) : NULL;
  int width, height;

  if (!schema)
    return;
  self->settings = g_settings_new (SCHEMA);
  g_settings_get (self->settings, "window-size", "(ii)", &width, &height);
  if (width > 0 && height > 0)
    gtk_window_set_default_size (GTK_WINDOW (self), width, height);
  if (g_settings_get_boolean (self->settings, "window-maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  self->chosen = g_settings_get_string (self->settings, "last-appvm");
}

static gboolean
bh_main_window_close_request (GtkWindow *window)
{
  BhMainWindow *self = BH_MAIN_WINDOW (window);
  int width, height;

  if (self->settings)
    {
      gtk_window_get_default_size (window, &width, &height);
      g_settings_set (self->settings, "window-size", "(ii)", width, height);
      g_settings_set_boolean (self->settings, "window-maximized", gtk_window_is_maximized (window));
      g_settings_set_string (self->settings, "last-appvm", self->chosen ?: "");
    }
  return GTK_WINDOW_CLASS (bh_main_window_parent_class)->close_request (window);
}

static void
bh_main_window_dispose (GObject *object)
{
  BhMainWindow *self = BH_MAIN_WINDOW (object);

  g_clear_handle_id (&self->loading_delay, g_source_remove);
  if (self->rows)
    gtk_list_box_bind_model (self->rows, NULL, NULL, NULL, NULL);
  self->rows = NULL;
  if (self->filter)
    gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  g_clear_object (&self->filter);
  g_clear_object (&self->vms);
  g_clear_object (&self->programs);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (bh_main_window_parent_class)->dispose (object);
}

static void
bh_main_window_finalize (GObject *object)
{
  BhMainWindow *self = BH_MAIN_WINDOW (object);

  g_free (self->chosen);
  g_strfreev (self->words);
  G_OBJECT_CLASS (bh_main_window_parent_class)->finalize (object);
}

static void
bh_main_window_class_init (BhMainWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_main_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_main_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = bh_main_window_close_request;
  g_type_ensure (BH_TYPE_VM_PAGE);
  gtk_widget_class_install_action (widget_class, "win.new-vm", NULL, new_vm);
  gtk_widget_class_install_action (widget_class, "win.find", NULL, find);
  gtk_widget_class_install_action (widget_class, "win.try-again", NULL, try_again);
  gtk_widget_class_install_action (widget_class, "win.shortcuts", NULL, show_shortcuts);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-main-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, trouble);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, sidebar_header);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, search_button);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, search_bar);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, search);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, rows);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, no_results);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, page);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, slow_notice);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_row_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_back);
}

static void
bh_main_window_init (BhMainWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->stack));
  bh_accessible_follow (GTK_WIDGET (self->leaflet));
  gtk_search_bar_connect_entry (self->search_bar, GTK_EDITABLE (self->search));
  gtk_search_bar_set_key_capture_widget (self->search_bar, GTK_WIDGET (self->leaflet));
  g_signal_connect_object (self->leaflet, "notify::folded", G_CALLBACK (on_folded), self,
                           G_CONNECT_SWAPPED);
  restore_size (self);
}

GtkWindow *
bh_main_window_new (AdwApplication *application, BhVmList *vms, BhProgramList *programs)
{
  BhMainWindow *self = g_object_new (BH_TYPE_MAIN_WINDOW, "application", application, NULL);
  g_autoptr (GtkFilterListModel) model = NULL;

  self->vms = g_object_ref (vms);
  self->programs = g_object_ref (programs);
  bh_vm_page_set_programs (self->page, programs);
  self->filter = gtk_custom_filter_new (item_matches, self, NULL);
  model = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (vms)),
                                     g_object_ref (GTK_FILTER (self->filter)));
  gtk_list_box_bind_model (self->rows, G_LIST_MODEL (model), create_row, self, NULL);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (on_ready), self, 0);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (on_state_changed), self, 0);
  g_signal_connect_object (vms, "added", G_CALLBACK (on_added), self, 0);
  on_folded (self);
  on_ready (vms, self);
  on_state_changed (vms, self);
  return GTK_WINDOW (self);
}

void
bh_main_window_toast (BhMainWindow *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  bh_main_window_add_toast (self, adw_toast_new (escaped));
}

void
bh_main_window_add_toast (BhMainWindow *self, AdwToast *toast)
{
  adw_toast_overlay_add_toast (self->toasts, toast);
  bh_accessible_tidy (GTK_WIDGET (self->toasts));
}
