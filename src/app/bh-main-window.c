/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main window: the AppVMs, and the page of the chosen one. */
#include "config.h"

#include "bh-main-window.h"

#include "bh-accessible.h"
#include "bh-all-page.h"
#include "bh-check-window.h"
#include "bh-create-window.h"
#include "bh-drop.h"
#include "bh-export-window.h"
#include "bh-import.h"
#include "bh-launch.h"
#include "bh-settings.h"
#include "bh-sidebar.h"
#include "bh-vm-acts.h"
#include "bh-vm-page.h"

#include <glib/gi18n.h>

/* A page that comes and goes faster than this only flickers. */
#define LOADING_DELAY_MS 300
/* An offer needs more time to be read and taken than a notice. */
#define OFFER_SECONDS 12

struct _BhMainWindow
{
  AdwApplicationWindow parent_instance;
  BhVmList *vms;
  BhProgramList *programs;
  char *chosen;
  guint loading_delay;

  AdwToastOverlay *toasts;
  GtkStack *stack;
  AdwStatusPage *trouble;
  AdwLeaflet *leaflet;
  BhSidebar *sidebar;
  GtkStack *content;
  BhVmPage *page;
  BhAllPage *all_page;
  GMenuModel *primary_menu;
};

G_DEFINE_FINAL_TYPE (BhMainWindow, bh_main_window, ADW_TYPE_APPLICATION_WINDOW)

static gboolean
shows_all (BhMainWindow *self)
{
  return gtk_stack_get_visible_child (self->content) == GTK_WIDGET (self->all_page);
}

static void
choose (BhMainWindow *self, BhVmItem *item)
{
  static const char *const about_file[] = { "win.vm-settings", "win.vm-rename", "win.vm-duplicate",
                                            "win.vm-export" };

  for (gsize i = 0; i < G_N_ELEMENTS (about_file); i++)
    gtk_widget_action_set_enabled (GTK_WIDGET (self), about_file[i],
                                   item && !bh_vm_item_get_definition (item));
  g_free (self->chosen);
  self->chosen = item ? g_strdup (bh_vm_item_get_id (item)) : NULL;
  bh_vm_page_set_item (self->page, item);
  if (!shows_all (self))
    bh_sidebar_select (self->sidebar, item);
}

/* The chosen AppVM when it is still there, or the one it was a disposable of, else the first. */
static void
choose_some (BhMainWindow *self)
{
  g_autoptr (BhVmItem) first = g_list_model_get_item (G_LIST_MODEL (self->vms), 0);
  BhVmItem *item = self->chosen ? bh_vm_list_find_id (self->vms, self->chosen) : NULL;
  BhVmItem *shown = bh_vm_page_get_item (self->page);

  if (!item && shown && bh_vm_item_get_definition (shown))
    item = bh_vm_list_find_id (self->vms, bh_vm_item_get_definition (shown));

  choose (self, item ? item : first);
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

/* For tests/bench/bench-app: what is on the screen now. */
static void
on_painted (GdkFrameClock *clock, BhMainWindow *self)
{
  g_signal_handlers_disconnect_by_func (clock, on_painted, self);
  g_debug ("%u AppVMs are shown", g_list_model_get_n_items (G_LIST_MODEL (self->vms)));
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
      gtk_stack_set_visible_child_name (
          self->stack, g_list_model_get_n_items (G_LIST_MODEL (vms)) > 0 ? "main" : "welcome");
      if (gtk_widget_get_frame_clock (GTK_WIDGET (self)))
        g_signal_connect_object (gtk_widget_get_frame_clock (GTK_WIDGET (self)), "after-paint",
                                 G_CALLBACK (on_painted), self, 0);
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
  bh_program_list_load (self->programs, manager);
  bh_check_window_first_run (GTK_WINDOW (self), vms);
}

static void
show_page (BhMainWindow *self, GtkWidget *page)
{
  gtk_stack_set_visible_child (self->content, page);
  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->content));
}

/* @activated: by click or Enter, not only by moving through the list. */
static void
on_chosen (BhSidebar *sidebar, BhVmItem *item, gboolean activated, BhMainWindow *self)
{
  gtk_stack_set_visible_child (self->content, GTK_WIDGET (self->page));
  choose (self, item);
  if (activated)
    show_page (self, GTK_WIDGET (self->page));
}

static void
on_all (BhSidebar *sidebar, BhMainWindow *self)
{
  bh_sidebar_select (self->sidebar, NULL);
  show_page (self, GTK_WIDGET (self->all_page));
  bh_all_page_focus (self->all_page);
}

static void
on_back (GtkWidget *page, BhMainWindow *self)
{
  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->sidebar));
}

static void
on_folded (BhMainWindow *self)
{
  gboolean folded = adw_leaflet_get_folded (self->leaflet);

  bh_vm_page_set_folded (self->page, folded);
  bh_all_page_set_folded (self->all_page, folded);
  bh_sidebar_set_folded (self->sidebar, folded);
  if (!folded && !shows_all (self))
    bh_sidebar_select (self->sidebar, bh_vm_page_get_item (self->page));
}

/* "Start Calculator" of the toast that says an AppVM is ready. */
static void
on_start_first (AdwToast *toast, BhVmItem *item)
{
  const char *app = g_object_get_data (G_OBJECT (toast), "app");
  const char *label = g_object_get_data (G_OBJECT (toast), "label");

  bh_launch_program (item, BH_JOB_LAUNCH, app, label,
                     g_object_get_data (G_OBJECT (toast), "window"));
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
  show_page (self, GTK_WIDGET (self->page));
  choose_some (self);
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

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "main") == 0)
    bh_sidebar_show_all (self->sidebar);
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
show_vm_settings (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhMainWindow *self = BH_MAIN_WINDOW (widget);
  BhVmItem *item = bh_vm_page_get_item (self->page);

  if (item)
    bh_vm_acts_settings (item, self->vms, self->programs, NULL, widget);
}

/* "win.vm-open" or "win.vm-open-disposable" */
static void
open_files (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gtk_widget_activate_action (GTK_WIDGET (BH_MAIN_WINDOW (widget)->page),
                              g_str_equal (action, "win.vm-open") ? "vm.open" : "vm.open-disposable",
                              NULL);
}

static void
rename_vm (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhMainWindow *self = BH_MAIN_WINDOW (widget);
  BhVmItem *item = bh_vm_page_get_item (self->page);

  if (item)
    bh_vm_acts_rename (item, self->vms, widget);
}

static void
delete_vm (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhVmItem *item = bh_vm_page_get_item (BH_MAIN_WINDOW (widget)->page);

  if (item)
    bh_vm_acts_delete (item, widget);
}

static void
duplicate_vm (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhMainWindow *self = BH_MAIN_WINDOW (widget);
  BhVmItem *item = bh_vm_page_get_item (self->page);

  if (item)
    bh_vm_acts_duplicate (item, self->vms, widget);
}

static void
export_vm (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhMainWindow *self = BH_MAIN_WINDOW (widget);
  BhVmItem *item = bh_vm_page_get_item (self->page);

  if (item && bh_vm_list_get_manager (self->vms))
    gtk_window_present (bh_export_window_new (GTK_WINDOW (self), item, self->vms));
}

static void
import_vm (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_import_begin (GTK_WINDOW (widget), BH_MAIN_WINDOW (widget)->vms);
}

static void
restore_size (BhMainWindow *self)
{
  GSettings *settings = bh_settings ();
  int width, height;

  if (!settings)
    return;
  g_settings_get (settings, "window-size", "(ii)", &width, &height);
  if (width > 0 && height > 0)
    gtk_window_set_default_size (GTK_WINDOW (self), width, height);
  if (g_settings_get_boolean (settings, "window-maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  self->chosen = g_settings_get_string (settings, "last-appvm");
}

static gboolean
bh_main_window_close_request (GtkWindow *window)
{
  BhMainWindow *self = BH_MAIN_WINDOW (window);
  GSettings *settings = bh_settings ();
  int width, height;

  if (settings)
    {
      gtk_window_get_default_size (window, &width, &height);
      g_settings_set (settings, "window-size", "(ii)", width, height);
      g_settings_set_boolean (settings, "window-maximized", gtk_window_is_maximized (window));
      g_settings_set_string (settings, "last-appvm", self->chosen ?: "");
    }
  return GTK_WINDOW_CLASS (bh_main_window_parent_class)->close_request (window);
}

static void
bh_main_window_dispose (GObject *object)
{
  BhMainWindow *self = BH_MAIN_WINDOW (object);

  g_clear_handle_id (&self->loading_delay, g_source_remove);
  g_clear_object (&self->vms);
  g_clear_object (&self->programs);
  G_OBJECT_CLASS (bh_main_window_parent_class)->dispose (object);
}

static void
bh_main_window_finalize (GObject *object)
{
  BhMainWindow *self = BH_MAIN_WINDOW (object);

  g_free (self->chosen);
  G_OBJECT_CLASS (bh_main_window_parent_class)->finalize (object);
}

static void
bh_main_window_class_init (BhMainWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_main_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_main_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = bh_main_window_close_request;
  g_type_ensure (BH_TYPE_ALL_PAGE);
  g_type_ensure (BH_TYPE_SIDEBAR);
  g_type_ensure (BH_TYPE_VM_PAGE);
  gtk_widget_class_install_action (widget_class, "win.new-vm", NULL, new_vm);
  gtk_widget_class_install_action (widget_class, "win.find", NULL, find);
  gtk_widget_class_install_action (widget_class, "win.try-again", NULL, try_again);
  gtk_widget_class_install_action (widget_class, "win.shortcuts", NULL, show_shortcuts);
  gtk_widget_class_install_action (widget_class, "win.vm-settings", NULL, show_vm_settings);
  gtk_widget_class_install_action (widget_class, "win.vm-open", NULL, open_files);
  gtk_widget_class_install_action (widget_class, "win.vm-open-disposable", NULL, open_files);
  gtk_widget_class_install_action (widget_class, "win.vm-rename", NULL, rename_vm);
  gtk_widget_class_install_action (widget_class, "win.vm-delete", NULL, delete_vm);
  gtk_widget_class_install_action (widget_class, "win.vm-duplicate", NULL, duplicate_vm);
  gtk_widget_class_install_action (widget_class, "win.vm-export", NULL, export_vm);
  gtk_widget_class_install_action (widget_class, "win.import", NULL, import_vm);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-main-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, trouble);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, content);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, page);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, all_page);
  gtk_widget_class_bind_template_child (widget_class, BhMainWindow, primary_menu);
  gtk_widget_class_bind_template_callback (widget_class, on_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_all);
  gtk_widget_class_bind_template_callback (widget_class, on_back);
}

static void
bh_main_window_init (BhMainWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->stack));
  bh_accessible_follow (GTK_WIDGET (self->leaflet));
  bh_accessible_follow (GTK_WIDGET (self->content));
  bh_sidebar_set_menu (self->sidebar, self->primary_menu);
  g_signal_connect_object (self->leaflet, "notify::folded", G_CALLBACK (on_folded), self,
                           G_CONNECT_SWAPPED);
  restore_size (self);
}

GtkWindow *
bh_main_window_new (AdwApplication *application, BhVmList *vms, BhProgramList *programs)
{
  BhMainWindow *self = g_object_new (BH_TYPE_MAIN_WINDOW, "application", application, NULL);

  self->vms = g_object_ref (vms);
  self->programs = g_object_ref (programs);
  bh_vm_page_set_programs (self->page, programs);
  bh_sidebar_set_models (self->sidebar, vms, programs);
  bh_all_page_set_models (self->all_page, vms, programs);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (on_ready), self, 0);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (on_state_changed), self, 0);
  g_signal_connect_object (vms, "added", G_CALLBACK (on_added), self, 0);
  on_folded (self);
  on_ready (vms, self);
  on_state_changed (vms, self);
  return GTK_WINDOW (self);
}

void
bh_main_window_show_vm (BhMainWindow *self, const char *id)
{
  BhVmItem *item = bh_vm_list_find_id (self->vms, id);

  if (!item)
    {
      /* The list may not be here yet. */
      g_free (self->chosen);
      self->chosen = g_strdup (id);
      return;
    }
  show_page (self, GTK_WIDGET (self->page));
  choose (self, item);
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

BhVmList *
bh_main_window_get_vms (BhMainWindow *self)
{
  return self->vms;
}

gboolean
bh_main_window_drop (BhMainWindow *self, BhVmItem *item, const GValue *value)
{
  /* The row chooses it first, unless it is gone. */
  return bh_vm_page_get_item (self->page) == item
         && bh_drop_take (GTK_WIDGET (self->page), value);
}
