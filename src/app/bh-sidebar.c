/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The list of AppVMs beside the pages. */
#include "config.h"

#include "bh-sidebar.h"

#include "bh-accessible.h"
#include "bh-freezing.h"
#include "bh-text.h"
#include "bh-vm-row.h"

#include <glib/gi18n.h>

/* As many as fit beside the list. */
#define MAX_PROBLEMS 3
#define MAX_PROBLEM_CHARS 200
/* More than fit on a screen. The rest of a long list follows while nothing else is to be done, so that the first
 * picture does not wait for rows nobody sees. */
#define ROWS_AT_ONCE 30

struct _BhSidebar
{
  GtkBox parent_instance;
  BhVmList *vms;
  BhProgramList *programs;
  GStrv words;
  GtkCustomFilter *filter;
  GtkSliceListModel *listed; /* the beginning of what the filter leaves */
  guint grow;
  BhVmItem *shown; /* (nullable): none, or all applications */
  gboolean all_shown, folded;

  AdwHeaderBar *header;
  GtkMenuButton *menu_button;
  GtkSearchBar *search_bar;
  GtkSearchEntry *search;
  GtkToggleButton *all;
  GtkListBox *rows;
  GtkWidget *no_results, *slow_notice, *problems_notice;
  BhFreezing *freezing;
  GtkLabel *problems;
};

G_DEFINE_FINAL_TYPE (BhSidebar, bh_sidebar, GTK_TYPE_BOX)

enum
{
  CHOSEN,
  ALL,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GtkListBoxRow *
find_row (BhSidebar *self, BhVmItem *item)
{
  GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->rows));

  for (; row; row = gtk_widget_get_next_sibling (row))
    if (BH_IS_VM_ROW (row) && bh_vm_row_get_item (BH_VM_ROW (row)) == item)
      return GTK_LIST_BOX_ROW (row);
  return NULL;
}

static void
show_selection (BhSidebar *self)
{
  gtk_list_box_select_row (self->rows, self->shown ? find_row (self, self->shown) : NULL);
  gtk_toggle_button_set_active (self->all, self->all_shown && !self->folded);
}

static void
on_all_toggled (GtkToggleButton *button, BhSidebar *self)
{
  gboolean active = gtk_toggle_button_get_active (button);

  if (active == (self->all_shown && !self->folded))
    return;
  /* In one column it is a button that leads to the page; in two, pressed again, it stays. */
  self->all_shown = TRUE;
  g_clear_object (&self->shown);
  show_selection (self);
  g_signal_emit (self, signals[ALL], 0);
}

/* Its name has all words, or one of its programs has. */
static gboolean
item_matches (gpointer item, gpointer user_data)
{
  BhSidebar *self = user_data;
  const char *const *ids = bh_vm_item_get_applications (item);
  g_autofree char *name = bh_program_fold (bh_vm_item_get_name (item));
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
on_search_changed (GtkSearchEntry *entry, BhSidebar *self)
{
  g_strfreev (self->words);
  self->words = bh_program_split_words (gtk_editable_get_text (GTK_EDITABLE (entry)));
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  gtk_widget_set_visible (self->no_results, !gtk_list_box_get_row_at_index (self->rows, 0));
  show_selection (self);
}

static void
on_search_activate (GtkSearchEntry *entry, BhSidebar *self)
{
  GtkListBoxRow *first = gtk_list_box_get_row_at_index (self->rows, 0);

  if (first)
    {
      gtk_widget_activate (GTK_WIDGET (first));
      gtk_widget_grab_focus (GTK_WIDGET (first));
    }
}

static void
choose (BhSidebar *self, GtkListBoxRow *row, gboolean activated)
{
  g_set_object (&self->shown, bh_vm_row_get_item (BH_VM_ROW (row)));
  self->all_shown = FALSE;
  show_selection (self);
  g_signal_emit (self, signals[CHOSEN], 0, self->shown, activated);
}

static void
on_row_selected (GtkListBox *list, GtkListBoxRow *row, BhSidebar *self)
{
  if (row && bh_vm_row_get_item (BH_VM_ROW (row)) != self->shown)
    choose (self, row, FALSE);
}

static void
on_row_activated (GtkListBox *list, GtkListBoxRow *row, BhSidebar *self)
{
  choose (self, row, TRUE);
}

static void
on_virtualization (BhSidebar *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  gtk_widget_set_visible (
      self->slow_notice,
      manager && g_strcmp0 (bh_dbus_manager1_get_virtualization (manager), "tcg") == 0);
}

/* Files that are none of an AppVM, or cannot be read: they have no row, but are not to be missed. */
static void
on_problems (BhSidebar *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  const char *const *problems = manager ? bh_dbus_manager1_get_problems (manager) : NULL;
  guint n = problems ? g_strv_length ((char **) problems) : 0;
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text,
                          ngettext ("%u file among those of your AppVMs cannot be used:",
                                    "%u files among those of your AppVMs cannot be used:", n),
                          n);
  for (guint i = 0; i < n && i < MAX_PROBLEMS; i++)
    {
      g_autofree char *clean = bh_text_clean (problems[i], strlen (problems[i]), MAX_PROBLEM_CHARS);

      g_string_append_printf (text, "\n%s", clean);
    }
  gtk_label_set_text (self->problems, text->str);
  gtk_widget_set_visible (self->problems_notice, n > 0);
}

/* Its manager is another one after each start of the service. */
static void
on_state_changed (BhVmList *vms, BhSidebar *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (vms);

  if (manager && !g_signal_handler_find (manager, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, self))
    {
      g_signal_connect_object (manager, "notify::virtualization", G_CALLBACK (on_virtualization),
                               self, G_CONNECT_SWAPPED);
      g_signal_connect_object (manager, "notify::problems", G_CALLBACK (on_problems), self,
                               G_CONNECT_SWAPPED);
    }
  on_virtualization (self);
  on_problems (self);
}

static gboolean
on_grow (gpointer user_data)
{
  BhSidebar *self = user_data;
  guint n = g_list_model_get_n_items (gtk_slice_list_model_get_model (self->listed));
  guint size = gtk_slice_list_model_get_size (self->listed);

  if (size < n)
    {
      gtk_slice_list_model_set_size (self->listed, size + ROWS_AT_ONCE);
      if (self->shown && !gtk_list_box_get_selected_row (self->rows))
        show_selection (self);
      return G_SOURCE_CONTINUE;
    }
  g_debug ("All %u AppVMs are listed", n);
  self->grow = 0;
  return G_SOURCE_REMOVE;
}

static void
on_matches_changed (BhSidebar *self)
{
  guint n = g_list_model_get_n_items (gtk_slice_list_model_get_model (self->listed));

  if (self->grow == 0 && n > 0)
    self->grow = g_idle_add_full (G_PRIORITY_LOW, on_grow, self, NULL);
}

static GtkWidget *
create_row (gpointer item, gpointer user_data)
{
  return bh_vm_row_new (item);
}

static void
bh_sidebar_dispose (GObject *object)
{
  BhSidebar *self = BH_SIDEBAR (object);

  if (self->rows)
    gtk_list_box_bind_model (self->rows, NULL, NULL, NULL, NULL);
  self->rows = NULL;
  if (self->filter)
    gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  g_clear_object (&self->filter);
  g_clear_handle_id (&self->grow, g_source_remove);
  g_clear_object (&self->listed);
  g_clear_object (&self->shown);
  g_clear_object (&self->vms);
  g_clear_object (&self->programs);
  g_clear_pointer (&self->words, g_strfreev);
  G_OBJECT_CLASS (bh_sidebar_parent_class)->dispose (object);
}

static void
bh_sidebar_class_init (BhSidebarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_sidebar_dispose;
  g_type_ensure (BH_TYPE_FREEZING);
  signals[CHOSEN] = g_signal_new ("chosen", BH_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, BH_TYPE_VM_ITEM, G_TYPE_BOOLEAN);
  signals[ALL] =
      g_signal_new ("all", BH_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, header);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, menu_button);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, search_bar);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, search);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, all);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, rows);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, no_results);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, slow_notice);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, freezing);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, problems_notice);
  gtk_widget_class_bind_template_child (widget_class, BhSidebar, problems);
  gtk_widget_class_bind_template_callback (widget_class, on_all_toggled);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_row_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
}

static void
bh_sidebar_init (BhSidebar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->search_bar, GTK_EDITABLE (self->search));
  gtk_search_bar_set_key_capture_widget (self->search_bar, GTK_WIDGET (self));
}

void
bh_sidebar_set_models (BhSidebar *self, BhVmList *vms, BhProgramList *programs)
{
  GtkFilterListModel *model;

  g_return_if_fail (!self->vms);

  self->vms = g_object_ref (vms);
  self->programs = g_object_ref (programs);
  bh_freezing_set_vms (self->freezing, vms);
  self->filter = gtk_custom_filter_new (item_matches, self, NULL);
  model = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (vms)),
                                     g_object_ref (GTK_FILTER (self->filter)));
  g_signal_connect_object (model, "items-changed", G_CALLBACK (on_matches_changed), self,
                           G_CONNECT_SWAPPED);
  self->listed = gtk_slice_list_model_new (G_LIST_MODEL (model), 0, ROWS_AT_ONCE);
  gtk_list_box_bind_model (self->rows, G_LIST_MODEL (self->listed), create_row, self, NULL);
  on_matches_changed (self);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (on_state_changed), self, 0);
  on_state_changed (vms, self);
}

void
bh_sidebar_set_menu (BhSidebar *self, GMenuModel *menu)
{
  gtk_menu_button_set_menu_model (self->menu_button, menu);
}

void
bh_sidebar_select (BhSidebar *self, BhVmItem *item)
{
  g_set_object (&self->shown, item);
  self->all_shown = FALSE;
  show_selection (self);
}

void
bh_sidebar_show_all (BhSidebar *self)
{
  g_clear_object (&self->shown);
  self->all_shown = TRUE;
  show_selection (self);
  g_signal_emit (self, signals[ALL], 0);
}

void
bh_sidebar_set_folded (BhSidebar *self, gboolean folded)
{
  self->folded = folded;
  adw_header_bar_set_show_end_title_buttons (self->header, folded);
  /* In one column a selected row would only look as if it had been clicked. */
  gtk_list_box_set_selection_mode (self->rows, folded ? GTK_SELECTION_NONE : GTK_SELECTION_SINGLE);
  show_selection (self);
}
