/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The AppVMs of this user: a list model of BhVmItem, sorted by name, fed by the service's signals.
 *
 * A GDBusObjectManagerClient lives as long as one owner of the service's name. It would find a
 * new owner by itself, but with a blocking call; so each owner gets a new one, made in the
 * background. */
#include "config.h"

#include "bh-vm-list.h"

#include <glib/gi18n.h>

#define SERVICE_NAME "io.github.bulkhead.Service"
#define SERVICE_PATH "/io/github/bulkhead"
/* A service that ends again this soon after it was started again is left alone until somebody
 * asks. */
#define STEADY_USEC (10 * G_USEC_PER_SEC)

struct _BhVmList
{
  GObject parent_instance;
  GListStore *items;
  BhVmListState state;
  char *problem;
  gint64 again_time;
  guint watch;
  GCancellable *cancellable;
  GDBusObjectManager *objects;
  BhDbusManager1 *manager;
};

static GType
bh_vm_list_get_item_type (GListModel *model)
{
  return BH_TYPE_VM_ITEM;
}

static guint
bh_vm_list_get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (BH_VM_LIST (model)->items));
}

static gpointer
bh_vm_list_get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (BH_VM_LIST (model)->items), position);
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = bh_vm_list_get_item_type;
  iface->get_n_items = bh_vm_list_get_n_items;
  iface->get_item = bh_vm_list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (BhVmList, bh_vm_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

enum
{
  STATE_CHANGED,
  ADDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static int
compare_items (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const char *name_a = bh_vm_item_get_name ((BhVmItem *) a);
  const char *name_b = bh_vm_item_get_name ((BhVmItem *) b);
  g_autofree char *folded_a = g_utf8_casefold (name_a, -1),
                  *folded_b = g_utf8_casefold (name_b, -1);
  int order = g_utf8_collate (folded_a, folded_b);

  return order != 0
             ? order
             : strcmp (bh_vm_item_get_id ((BhVmItem *) a), bh_vm_item_get_id ((BhVmItem *) b));
}

static void
set_state (BhVmList *self, BhVmListState state, const char *problem)
{
  g_free (self->problem);
  self->problem = g_strdup (problem);
  self->state = state;
  g_signal_emit (self, signals[STATE_CHANGED], 0);
}

static void
drop_client (BhVmList *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->objects)
    g_signal_handlers_disconnect_by_data (self->objects, self);
  g_clear_object (&self->objects);
  g_clear_object (&self->manager);
}

static void
on_item_changed (BhVmItem *item, BhVmList *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->items)), position;

  /* Renamed: put it where it now belongs, and only then, since views lose their selection. */
  if (!g_list_store_find (self->items, item, &position))
    return;
  for (guint i = position > 0 ? position - 1 : 0; i + 1 < n && i <= position; i++)
    {
      g_autoptr (BhVmItem) one = g_list_model_get_item (G_LIST_MODEL (self->items), i);
      g_autoptr (BhVmItem) next = g_list_model_get_item (G_LIST_MODEL (self->items), i + 1);

      if (compare_items (one, next, NULL) > 0)
        {
          g_list_store_sort (self->items, compare_items, NULL);
          g_signal_emit (self, signals[STATE_CHANGED], 0);
          return;
        }
    }
}

/* Returns: (transfer full) (nullable): %NULL for what is no AppVM */
static BhVmItem *
make_item (BhVmList *self, GDBusObject *object)
{
  g_autoptr (BhDbusVm1) proxy = bh_dbus_object_get_vm1 (BH_DBUS_OBJECT (object));
  BhVmItem *item = proxy ? bh_vm_item_new (proxy) : NULL;

  if (item)
    g_signal_connect_object (item, "changed", G_CALLBACK (on_item_changed), self, 0);
  return item;
}

static BhVmItem *
add_object (BhVmList *self, GDBusObject *object)
{
  g_autoptr (BhVmItem) item = NULL;

  if (bh_vm_list_find_path (self, g_dbus_object_get_object_path (object)))
    return NULL;
  item = make_item (self, object);
  if (item)
    g_list_store_insert_sorted (self->items, item, compare_items, NULL);
  return item;
}

static int
compare_pointers (gconstpointer a, gconstpointer b)
{
  return compare_items (*(BhVmItem *const *) a, *(BhVmItem *const *) b, NULL);
}

/* All at once: views do their work for each change. What an earlier owner's objects were goes. */
static void
take_objects (BhVmList *self)
{
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (self->objects);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (GList *l = objects; l; l = l->next)
    {
      BhVmItem *item = make_item (self, l->data);
      if (item)
        g_ptr_array_add (items, item);
    }
  g_ptr_array_sort (items, compare_pointers);
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)),
                       items->pdata, items->len);
}

static void
on_object_added (GDBusObjectManager *objects, GDBusObject *object, BhVmList *self)
{
  BhVmItem *item = add_object (self, object);

  if (!item)
    return;
  g_signal_emit (self, signals[STATE_CHANGED], 0);
  g_signal_emit (self, signals[ADDED], 0, item);
}

static void
on_object_removed (GDBusObjectManager *objects, GDBusObject *object, BhVmList *self)
{
  BhVmItem *item = bh_vm_list_find_path (self, g_dbus_object_get_object_path (object));
  guint position;

  if (item && g_list_store_find (self->items, item, &position))
    {
      g_list_store_remove (self->items, position);
      g_signal_emit (self, signals[STATE_CHANGED], 0);
    }
}

static void
on_name_owner (GObject *objects, GParamSpec *pspec, BhVmList *self)
{
  g_autofree char *owner =
      g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (objects));
  gint64 now = g_get_monotonic_time ();

  if (owner)
    return;
  drop_client (self);
  if (self->again_time == 0 || now - self->again_time > STEADY_USEC)
    {
      self->again_time = now;
      bh_vm_list_connect (self);
    }
  else
    set_state (self, BH_VM_LIST_BROKEN, _ ("Bulkhead's service ended unexpectedly."));
}

static void
on_manager (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhVmList *self = user_data;
  g_autoptr (GError) error = NULL;
  BhDbusManager1 *manager = bh_dbus_manager1_proxy_new_for_bus_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!manager)
    {
      g_dbus_error_strip_remote_error (error);
      set_state (self, BH_VM_LIST_BROKEN, error->message);
      return;
    }
  self->manager = manager;
  take_objects (self);
  g_signal_connect (self->objects, "object-added", G_CALLBACK (on_object_added), self);
  g_signal_connect (self->objects, "object-removed", G_CALLBACK (on_object_removed), self);
  set_state (self, BH_VM_LIST_READY, NULL);
}

static void
on_objects (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhVmList *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *owner = NULL;
  GDBusObjectManager *objects = bh_dbus_object_manager_client_new_for_bus_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!objects)
    {
      g_dbus_error_strip_remote_error (error);
      set_state (self, BH_VM_LIST_BROKEN, error->message);
      return;
    }
  owner = g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (objects));
  if (!owner)
    {
      g_object_unref (objects);
      set_state (
          self, BH_VM_LIST_BROKEN,
          _ ("Bulkhead's service is not installed, or this session's bus does not know it."));
      return;
    }
  self->objects = objects;
  g_signal_connect (objects, "notify::name-owner", G_CALLBACK (on_name_owner), self);
  bh_dbus_manager1_proxy_new_for_bus (G_BUS_TYPE_SESSION, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                                      SERVICE_NAME, SERVICE_PATH, self->cancellable, on_manager,
                                      self);
}

/* Somebody else started it. */
static void
on_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  BhVmList *self = user_data;

  if (self->state == BH_VM_LIST_BROKEN)
    bh_vm_list_connect (self);
}

static void
bh_vm_list_dispose (GObject *object)
{
  BhVmList *self = BH_VM_LIST (object);

  drop_client (self);
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  g_clear_object (&self->items);
  G_OBJECT_CLASS (bh_vm_list_parent_class)->dispose (object);
}

static void
bh_vm_list_finalize (GObject *object)
{
  g_free (BH_VM_LIST (object)->problem);
  G_OBJECT_CLASS (bh_vm_list_parent_class)->finalize (object);
}

static void
bh_vm_list_class_init (BhVmListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_vm_list_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_vm_list_finalize;

  signals[STATE_CHANGED] = g_signal_new ("state-changed", BH_TYPE_VM_LIST, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ADDED] = g_signal_new ("added", BH_TYPE_VM_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, BH_TYPE_VM_ITEM);
}

static void
bh_vm_list_init (BhVmList *self)
{
  self->items = g_list_store_new (BH_TYPE_VM_ITEM);
  g_signal_connect_object (self->items, "items-changed", G_CALLBACK (g_list_model_items_changed),
                           self, G_CONNECT_SWAPPED);
}

BhVmList *
bh_vm_list_new (void)
{
  return g_object_new (BH_TYPE_VM_LIST, NULL);
}

void
bh_vm_list_connect (BhVmList *self)
{
  drop_client (self);
  self->cancellable = g_cancellable_new ();
  if (self->watch == 0)
    self->watch = g_bus_watch_name (G_BUS_TYPE_SESSION, SERVICE_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                    on_appeared, NULL, self, NULL);
  set_state (self, BH_VM_LIST_LOADING, NULL);
  bh_dbus_object_manager_client_new_for_bus (G_BUS_TYPE_SESSION,
                                             G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, SERVICE_NAME,
                                             SERVICE_PATH, self->cancellable, on_objects, self);
}

BhVmListState
bh_vm_list_get_state (BhVmList *self)
{
  return self->state;
}

const char *
bh_vm_list_get_problem (BhVmList *self)
{
  return self->problem;
}

BhDbusManager1 *
bh_vm_list_get_manager (BhVmList *self)
{
  return self->state == BH_VM_LIST_READY ? self->manager : NULL;
}

typedef gboolean (*Matches) (BhVmItem *item, const char *text);

static BhVmItem *
find (BhVmList *self, Matches matches, const char *text)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->items));

  for (guint i = 0; i < n; i++)
    {
      /* The list keeps it. */
      g_autoptr (BhVmItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);

      if (matches (item, text))
        return item;
    }
  return NULL;
}

static gboolean
has_id (BhVmItem *item, const char *id)
{
  return g_str_equal (bh_vm_item_get_id (item), id);
}

static gboolean
has_path (BhVmItem *item, const char *path)
{
  return g_str_equal (g_dbus_proxy_get_object_path (G_DBUS_PROXY (bh_vm_item_get_proxy (item))),
                      path);
}

static char *
comparable (const char *name)
{
  g_autofree char *stripped = g_strstrip (g_strdup (name));
  g_autofree char *normal = g_utf8_normalize (stripped, -1, G_NORMALIZE_ALL_COMPOSE);

  return g_utf8_casefold (normal ?: stripped, -1);
}

static gboolean
has_name (BhVmItem *item, const char *name)
{
  g_autofree char *own = comparable (bh_vm_item_get_name (item));

  return g_str_equal (own, name);
}

BhVmItem *
bh_vm_list_find_id (BhVmList *self, const char *id)
{
  return find (self, has_id, id);
}

BhVmItem *
bh_vm_list_find_path (BhVmList *self, const char *path)
{
  return find (self, has_path, path);
}

BhVmItem *
bh_vm_list_find_name (BhVmList *self, const char *name)
{
  g_autofree char *wanted = comparable (name);

  return find (self, has_name, wanted);
}
