/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs installed on this computer, or those in a Debian template: a list model of BhProgram, asked from the service. */
#include "config.h"

#include "bh-program-list.h"

#include "bh-commands.h"
#include "bh-keys.h"

struct _BhProgramList
{
  GObject parent_instance;
  GPtrArray *programs;
  GHashTable *by_id;
  GHashTable *in_templates; /* id → BhProgram: of AppVMs whose programs are not this computer's */
  GVariant *descriptions;
  BhProgramList *host; /* NULL: it is that of this computer */
  char *template;      /* with @host: as Manager1.ListTemplateApplications takes it */
  BhDbusManager1 *manager;
  GCancellable *cancellable;
  gboolean loaded;
  char *error;
};

static GType
bh_program_list_get_item_type (GListModel *model)
{
  return BH_TYPE_PROGRAM;
}

static guint
bh_program_list_get_n_items (GListModel *model)
{
  return BH_PROGRAM_LIST (model)->programs->len;
}

static gpointer
bh_program_list_get_item (GListModel *model, guint position)
{
  BhProgramList *self = BH_PROGRAM_LIST (model);

  return position < self->programs->len ? g_object_ref (self->programs->pdata[position]) : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = bh_program_list_get_item_type;
  iface->get_n_items = bh_program_list_get_n_items;
  iface->get_item = bh_program_list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (BhProgramList, bh_program_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

static guint loaded_signal;

static int
compare_pointers (gconstpointer a, gconstpointer b)
{
  return bh_program_compare (*(gconstpointer *) a, *(gconstpointer *) b);
}

static void
take_programs (BhProgramList *self, GVariant *descriptions)
{
  guint before = self->programs->len;
  GVariantIter iter;
  GVariant *description;

  /* Views keep their place when nothing has changed. */
  if (self->descriptions && g_variant_equal (self->descriptions, descriptions))
    return;
  g_clear_pointer (&self->descriptions, g_variant_unref);
  self->descriptions = g_variant_ref (descriptions);
  g_hash_table_remove_all (self->by_id);
  g_ptr_array_set_size (self->programs, 0);
  g_variant_iter_init (&iter, descriptions);
  while ((description = g_variant_iter_next_value (&iter)))
    {
      g_autoptr (BhProgram) program = bh_program_new (description);

      g_variant_unref (description);
      if (!program || g_hash_table_contains (self->by_id, bh_program_get_id (program)))
        continue;
      g_hash_table_insert (self->by_id, (gpointer) bh_program_get_id (program), program);
      g_ptr_array_add (self->programs, g_steal_pointer (&program));
    }
  g_ptr_array_sort (self->programs, compare_pointers);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, before, self->programs->len);
}

static void
on_templates_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) descriptions = NULL;
  g_autoptr (GError) error = NULL;
  BhProgramList *self = user_data;
  GVariantIter iter;
  GVariant *description;

  bh_dbus_manager1_call_list_template_applications_finish (BH_DBUS_MANAGER1 (source), &descriptions,
                                                           result, &error);
  /* Without them, such programs are shown by their ids. */
  if (error)
    return;
  g_hash_table_remove_all (self->in_templates);
  g_variant_iter_init (&iter, descriptions);
  while ((description = g_variant_iter_next_value (&iter)))
    {
      BhProgram *program = bh_program_new (description);

      g_variant_unref (description);
      if (program)
        g_hash_table_replace (self->in_templates, (gpointer) bh_program_get_id (program), program);
    }
  if (self->loaded && g_hash_table_size (self->in_templates) > 0)
    g_signal_emit (self, loaded_signal, 0);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) descriptions = NULL;
  g_autoptr (GError) error = NULL;
  BhProgramList *self = user_data;

  if (self->template)
    bh_dbus_manager1_call_list_template_applications_finish (BH_DBUS_MANAGER1 (source),
                                                             &descriptions, result, &error);
  else
    bh_dbus_manager1_call_list_applications_finish (BH_DBUS_MANAGER1 (source), &descriptions,
                                                    result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_pointer (&self->error, g_free);
  self->loaded = TRUE;
  if (error)
    {
      g_dbus_error_strip_remote_error (error);
      self->error = g_strdup (error->message);
    }
  else
    take_programs (self, descriptions);
  g_signal_emit (self, loaded_signal, 0);
}

static void
bh_program_list_dispose (GObject *object)
{
  BhProgramList *self = BH_PROGRAM_LIST (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->manager);
  g_clear_object (&self->host);
  G_OBJECT_CLASS (bh_program_list_parent_class)->dispose (object);
}

static void
bh_program_list_finalize (GObject *object)
{
  BhProgramList *self = BH_PROGRAM_LIST (object);

  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->in_templates);
  g_ptr_array_unref (self->programs);
  g_clear_pointer (&self->descriptions, g_variant_unref);
  g_free (self->error);
  g_free (self->template);
  G_OBJECT_CLASS (bh_program_list_parent_class)->finalize (object);
}

static void
bh_program_list_class_init (BhProgramListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_program_list_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_program_list_finalize;
  loaded_signal = g_signal_new ("loaded", BH_TYPE_PROGRAM_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
}

static void
bh_program_list_init (BhProgramList *self)
{
  self->programs = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->in_templates = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
}

BhProgramList *
bh_program_list_new (void)
{
  return g_object_new (BH_TYPE_PROGRAM_LIST, NULL);
}

static const char *
value_of (GVariant *settings, const char *key)
{
  const char *value;

  return g_variant_lookup (settings, key, "&s", &value) ? value : bh_keys_find (key)->fallback;
}

BhProgramList *
bh_program_list_for (BhProgramList *host, GVariant *settings)
{
  BhProgramList *self;

  if (!settings || !g_str_equal (value_of (settings, "Template"), "debian"))
    return g_object_ref (host);
  self = bh_program_list_new ();
  self->host = g_object_ref (host);
  self->template = g_strdup_printf ("%s %s", value_of (settings, "Suite"),
                                    value_of (settings, "Packages"));
  g_set_object (&self->manager, host->manager);
  return self;
}

void
bh_program_list_load (BhProgramList *self, BhDbusManager1 *manager)
{
  if (manager)
    g_set_object (&self->manager, manager);
  if (!self->manager)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  if (self->template)
    {
      bh_dbus_manager1_call_list_template_applications (self->manager, self->template,
                                                        self->cancellable, on_listed, self);
      return;
    }
  bh_dbus_manager1_call_list_applications (self->manager, self->cancellable, on_listed, self);
  bh_dbus_manager1_call_list_template_applications (self->manager, "", self->cancellable,
                                                    on_templates_listed, self);
}

gboolean
bh_program_list_is_loaded (BhProgramList *self)
{
  return self->loaded;
}

const char *
bh_program_list_get_error (BhProgramList *self)
{
  return self->error;
}

BhProgram *
bh_program_list_lookup (BhProgramList *self, const char *id)
{
  BhProgram *program = g_hash_table_lookup (self->by_id, id);

  if (g_str_has_prefix (id, BH_COMMAND_PREFIX))
    return bh_program_new_command (id);
  if (g_str_equal (id, BH_PROGRAM_DESKTOP))
    return bh_program_new_desktop ();
  if (!program && self->host)
    return bh_program_list_lookup (self->host, id);
  if (!program)
    program = g_hash_table_lookup (self->in_templates, id);
  return program ? g_object_ref (program) : bh_program_new_missing (id);
}
