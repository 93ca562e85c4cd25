/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Choosing programs of a list: a search and a list, several at
 * once. */
#include "config.h"

#include "bh-program-picker.h"

#include "bh-accessible.h"
#include "bh-program-row.h"

#include <adwaita.h>
#include <glib/gi18n.h>

struct _BhProgramPicker
{
  GtkBox parent_instance;
  BhProgramList *list;
  GStrv present, words;
  GPtrArray *chosen;
  GtkSearchEntry *search;
  GtkStack *stack;
  GtkListBox *rows;
  AdwStatusPage *failure;
  GtkCustomFilter *filter;
};

G_DEFINE_FINAL_TYPE (BhProgramPicker, bh_program_picker, GTK_TYPE_BOX)

static guint changed_signal;

static void
on_row_toggled (BhProgramRow *row, BhProgramPicker *self)
{
  const char *id = bh_program_get_id (bh_program_row_get_program (row));
  guint position;
  gboolean had = g_ptr_array_find_with_equal_func (self->chosen, id, g_str_equal, &position);

  if (bh_program_row_is_chosen (row) && !had)
    g_ptr_array_add (self->chosen, g_strdup (id));
  else if (!bh_program_row_is_chosen (row) && had)
    g_ptr_array_remove_index (self->chosen, position);
  else
    return;
  g_signal_emit (self, changed_signal, 0);
}

static GtkWidget *
create_row (gpointer item, gpointer user_data)
{
  BhProgramPicker *self = user_data;
  const char *id = bh_program_get_id (item);
  gboolean present = self->present && g_strv_contains ((const char *const *) self->present, id);
  GtkWidget *row = bh_program_row_new (item, present);

  if (g_ptr_array_find_with_equal_func (self->chosen, id, g_str_equal, NULL))
    bh_program_row_set_chosen (BH_PROGRAM_ROW (row), TRUE);
  g_signal_connect_object (row, "toggled", G_CALLBACK (on_row_toggled), self, 0);
  return row;
}

static gboolean
program_matches (gpointer item, gpointer user_data)
{
  BhProgramPicker *self = user_data;

  return !self->words || bh_program_matches (item, (const char *const *) self->words);
}

static void
update_page (BhProgramPicker *self)
{
  const char *error = self->list ? bh_program_list_get_error (self->list) : NULL;
  gboolean loaded = self->list && bh_program_list_is_loaded (self->list);

  if (error)
    {
      g_autofree char *escaped = g_markup_escape_text (error, -1);

      adw_status_page_set_description (self->failure, escaped);
      gtk_stack_set_visible_child_name (self->stack, "failure");
    }
  else if (!loaded)
    gtk_stack_set_visible_child_name (self->stack, "loading");
  else if (g_list_model_get_n_items (G_LIST_MODEL (self->list)) == 0)
    gtk_stack_set_visible_child_name (self->stack, "none");
  else
    gtk_stack_set_visible_child_name (
        self->stack, gtk_list_box_get_row_at_index (self->rows, 0) ? "list" : "no-results");
}

static void
refilter (BhProgramPicker *self)
{
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  update_page (self);
}

static void
on_search_changed (GtkSearchEntry *entry, BhProgramPicker *self)
{
  g_strfreev (self->words);
  self->words = bh_program_split_words (gtk_editable_get_text (GTK_EDITABLE (entry)));
  refilter (self);
}

/* Enter in the search takes the only program that is left, so that typing alone is enough. */
static void
on_search_activate (GtkSearchEntry *entry, BhProgramPicker *self)
{
  BhProgramRow *first = NULL;

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->rows)); row;
       row = gtk_widget_get_next_sibling (row))
    if (BH_IS_PROGRAM_ROW (row) && gtk_widget_get_sensitive (row))
      {
        if (first)
          {
            gtk_widget_grab_focus (GTK_WIDGET (first));
            return;
          }
        first = BH_PROGRAM_ROW (row);
      }
  if (first)
    bh_program_row_set_chosen (first, !bh_program_row_is_chosen (first));
}

static void
on_loaded (BhProgramList *list, BhProgramPicker *self)
{
  refilter (self);
}

static void
try_again (GtkWidget *widget, const char *name, GVariant *parameter)
{
  bh_program_list_load (BH_PROGRAM_PICKER (widget)->list, NULL);
}

static void
bh_program_picker_dispose (GObject *object)
{
  BhProgramPicker *self = BH_PROGRAM_PICKER (object);

  if (self->rows)
    gtk_list_box_bind_model (self->rows, NULL, NULL, NULL, NULL);
  gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  g_clear_object (&self->list);
  G_OBJECT_CLASS (bh_program_picker_parent_class)->dispose (object);
}

static void
bh_program_picker_finalize (GObject *object)
{
  BhProgramPicker *self = BH_PROGRAM_PICKER (object);

  g_strfreev (self->present);
  g_strfreev (self->words);
  g_ptr_array_unref (self->chosen);
  g_object_unref (self->filter);
  G_OBJECT_CLASS (bh_program_picker_parent_class)->finalize (object);
}

static void
bh_program_picker_class_init (BhProgramPickerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_program_picker_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_program_picker_finalize;
  changed_signal = g_signal_new ("changed", BH_TYPE_PROGRAM_PICKER, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-program-picker.ui");
  gtk_widget_class_bind_template_child (widget_class, BhProgramPicker, search);
  gtk_widget_class_bind_template_child (widget_class, BhProgramPicker, stack);
  gtk_widget_class_bind_template_child (widget_class, BhProgramPicker, rows);
  gtk_widget_class_bind_template_child (widget_class, BhProgramPicker, failure);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_install_action (widget_class, "picker.try-again", NULL, try_again);
}

static void
bh_program_picker_init (BhProgramPicker *self)
{
  self->chosen = g_ptr_array_new_with_free_func (g_free);
  self->filter = gtk_custom_filter_new (program_matches, self, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->stack));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->search), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Search programs"), -1);
}

void
bh_program_picker_set_list (BhProgramPicker *self, BhProgramList *list, const char *const *present)
{
  g_autoptr (GtkFilterListModel) model = NULL;

  if (self->list)
    {
      g_signal_handlers_disconnect_by_data (self->list, self);
      g_ptr_array_set_size (self->chosen, 0);
      g_signal_emit (self, changed_signal, 0);
    }
  g_set_object (&self->list, list);
  g_strfreev (self->present);
  self->present = g_strdupv ((char **) present);
  model = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (list)),
                                     g_object_ref (GTK_FILTER (self->filter)));
  gtk_list_box_bind_model (self->rows, G_LIST_MODEL (model), create_row, self, NULL);
  g_signal_connect_object (list, "loaded", G_CALLBACK (on_loaded), self, 0);
  refilter (self);
  /* Something may have been installed since. */
  bh_program_list_load (list, NULL);
}

GStrv
bh_program_picker_get_chosen (BhProgramPicker *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < self->chosen->len; i++)
    g_strv_builder_add (builder, self->chosen->pdata[i]);
  return g_strv_builder_end (builder);
}

static void
set_chosen (BhProgramPicker *self, const char *id, gboolean chosen)
{
  GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->rows));
  guint position;
  gboolean had;

  for (; row; row = gtk_widget_get_next_sibling (row))
    if (BH_IS_PROGRAM_ROW (row)
        && g_str_equal (bh_program_get_id (bh_program_row_get_program (BH_PROGRAM_ROW (row))), id))
      {
        bh_program_row_set_chosen (BH_PROGRAM_ROW (row), chosen);
        return;
      }
  /* The search hides its row. */
  had = g_ptr_array_find_with_equal_func (self->chosen, id, g_str_equal, &position);
  if (had == chosen)
    return;
  if (chosen)
    g_ptr_array_add (self->chosen, g_strdup (id));
  else
    g_ptr_array_remove_index (self->chosen, position);
  g_signal_emit (self, changed_signal, 0);
}

void
bh_program_picker_choose (BhProgramPicker *self, const char *id)
{
  set_chosen (self, id, TRUE);
}

void
bh_program_picker_unchoose (BhProgramPicker *self, const char *id)
{
  set_chosen (self, id, FALSE);
}

void
bh_program_picker_focus_search (BhProgramPicker *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}
