/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All applications: the programs of every AppVM, to search and start.
 *
 * The list is made when the page is first looked at: with many AppVMs it is long. */
#include "config.h"

#include "bh-all-page.h"

#include "bh-accessible.h"
#include "bh-launch.h"
#include "bh-offer-row.h"

#include <adwaita.h>

struct _BhAllPage
{
  GtkBox parent_instance;
  BhVmList *vms;
  BhProgramList *programs;
  GStrv words;
  GtkCustomFilter *filter;
  GListModel *shown; /* filtered and sorted; NULL until looked at */

  AdwHeaderBar *header;
  GtkButton *back;
  GtkSearchEntry *search;
  GtkStack *stack;
  GtkListView *list;
};

G_DEFINE_FINAL_TYPE (BhAllPage, bh_all_page, GTK_TYPE_BOX)

static guint back_signal;

static gboolean
offer_matches (gpointer offer, gpointer user_data)
{
  BhAllPage *self = user_data;

  return !self->words || bh_offer_matches (offer, (const char *const *) self->words);
}

static int
compare_offers (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return bh_offer_compare (a, b);
}

static void
show_list_or_not (BhAllPage *self)
{
  gboolean searching = self->words && self->words[0];

  gtk_stack_set_visible_child_name (self->stack, g_list_model_get_n_items (self->shown) > 0 ? "list"
                                                 : searching ? "nothing-found"
                                                             : "empty");
}

static void
launch (BhAllPage *self, guint position)
{
  g_autoptr (BhOffer) offer = g_list_model_get_item (self->shown, position);
  BhProgram *program = offer ? bh_offer_get_program (offer) : NULL;
  BhVmItem *item = offer ? bh_offer_get_item (offer) : NULL;

  if (program && !bh_vm_item_is_launching (item, bh_program_get_id (program)))
    bh_launch_program (item, BH_JOB_LAUNCH, bh_program_get_id (program),
                       bh_program_get_name (program), GTK_WIDGET (self));
}

static void
on_activate (GtkListView *list, guint position, BhAllPage *self)
{
  launch (self, position);
}

static void
on_search_activate (GtkSearchEntry *entry, BhAllPage *self)
{
  if (self->shown)
    launch (self, 0);
}

static void
on_search_changed (GtkSearchEntry *entry, BhAllPage *self)
{
  g_strfreev (self->words);
  self->words = bh_program_split_words (gtk_editable_get_text (GTK_EDITABLE (entry)));
  if (!self->shown)
    return;
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  show_list_or_not (self);
}

/* Down leads from the search into the list. */
static void
on_next_match (GtkSearchEntry *entry, BhAllPage *self)
{
  gtk_widget_child_focus (GTK_WIDGET (self->stack), GTK_DIR_DOWN);
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
        BhAllPage *self)
{
  if (key != GDK_KEY_Down && key != GDK_KEY_KP_Down)
    return GDK_EVENT_PROPAGATE;
  on_next_match (self->search, self);
  return GDK_EVENT_STOP;
}

static void
setup_row (GtkSignalListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  gtk_list_item_set_child (list_item, bh_offer_row_new ());
}

static void
bind_row (GtkSignalListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  bh_offer_row_set (BH_OFFER_ROW (gtk_list_item_get_child (list_item)),
                    gtk_list_item_get_item (list_item));
}

static void
unbind_row (GtkSignalListItemFactory *factory, GtkListItem *list_item, gpointer user_data)
{
  bh_offer_row_set (BH_OFFER_ROW (gtk_list_item_get_child (list_item)), NULL);
}

static void
fill (BhAllPage *self)
{
  g_autoptr (GtkSelectionModel) selection = NULL;
  GtkFilterListModel *filtered;
  GListModel *offers = bh_offers_new (self->vms, self->programs);
  GtkSorter *sorter = GTK_SORTER (gtk_custom_sorter_new (compare_offers, NULL, NULL));

  self->filter = gtk_custom_filter_new (offer_matches, self, NULL);
  filtered = gtk_filter_list_model_new (G_LIST_MODEL (offers), g_object_ref (GTK_FILTER (self->filter)));
  self->shown = G_LIST_MODEL (gtk_sort_list_model_new (G_LIST_MODEL (filtered), sorter));
  selection = GTK_SELECTION_MODEL (gtk_no_selection_new (g_object_ref (self->shown)));
  gtk_list_view_set_model (self->list, selection);
  g_signal_connect_object (self->shown, "items-changed", G_CALLBACK (show_list_or_not), self,
                           G_CONNECT_SWAPPED);
  show_list_or_not (self);
}

static void
bh_all_page_map (GtkWidget *widget)
{
  BhAllPage *self = BH_ALL_PAGE (widget);

  if (!self->shown && self->vms)
    fill (self);
  GTK_WIDGET_CLASS (bh_all_page_parent_class)->map (widget);
}

static void
go_back (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_signal_emit (widget, back_signal, 0);
}

static void
bh_all_page_dispose (GObject *object)
{
  BhAllPage *self = BH_ALL_PAGE (object);

  if (self->filter)
    gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  g_clear_object (&self->filter);
  g_clear_object (&self->shown);
  g_clear_object (&self->vms);
  g_clear_object (&self->programs);
  g_clear_pointer (&self->words, g_strfreev);
  G_OBJECT_CLASS (bh_all_page_parent_class)->dispose (object);
}

static void
bh_all_page_class_init (BhAllPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_all_page_dispose;
  widget_class->map = bh_all_page_map;
  back_signal = g_signal_new ("back", BH_TYPE_ALL_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                              G_TYPE_NONE, 0);
  gtk_widget_class_install_action (widget_class, "all.back", NULL, go_back);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-all-page.ui");
  gtk_widget_class_bind_template_child (widget_class, BhAllPage, header);
  gtk_widget_class_bind_template_child (widget_class, BhAllPage, back);
  gtk_widget_class_bind_template_child (widget_class, BhAllPage, search);
  gtk_widget_class_bind_template_child (widget_class, BhAllPage, stack);
  gtk_widget_class_bind_template_child (widget_class, BhAllPage, list);
  gtk_widget_class_bind_template_callback (widget_class, on_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_next_match);
  gtk_widget_class_bind_template_callback (widget_class, on_key);
}

static void
bh_all_page_init (BhAllPage *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->stack));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), NULL);
  gtk_list_view_set_factory (self->list, factory);
}

void
bh_all_page_set_models (BhAllPage *self, BhVmList *vms, BhProgramList *programs)
{
  g_return_if_fail (!self->vms);

  self->vms = g_object_ref (vms);
  self->programs = g_object_ref (programs);
}

void
bh_all_page_set_folded (BhAllPage *self, gboolean folded)
{
  gtk_widget_set_visible (GTK_WIDGET (self->back), folded);
  adw_header_bar_set_show_start_title_buttons (self->header, folded);
}

void
bh_all_page_focus (BhAllPage *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
  gtk_editable_select_region (GTK_EDITABLE (self->search), 0, -1);
}
