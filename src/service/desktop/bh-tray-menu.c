/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The menu of the tray indicator: com.canonical.dbusmenu.
 *
 * Callers are programs of the desktop. Whatever they ask for is answered from the items at hand; a number that
 * no item has is an error and nothing else. */
#include "config.h"

#include "bh-tray-menu.h"

#include "bh-dbus-tray-menu.h"

#include <string.h>

#define MENU_VERSION 3

typedef struct
{
  int id;
  char *key, *label; /* label: NULL for a separator */
  gboolean enabled;
  GPtrArray *children;
} Item;

struct _BhTrayMenu
{
  GObject parent;
  BhDbusTrayMenu *skeleton;
  Item *root, *written; /* shown; being written */
  GHashTable *ids;      /* key → id, of every item of the last menu */
  GHashTable *new_ids;
  GHashTable *by_id; /* id → Item of root */
  int last_id;
  guint revision;
};

G_DEFINE_TYPE (BhTrayMenu, bh_tray_menu, G_TYPE_OBJECT)

enum
{
  ACTIVATED,
  ABOUT_TO_SHOW,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
item_free (gpointer data)
{
  Item *item = data;

  g_free (item->key);
  g_free (item->label);
  g_ptr_array_unref (item->children);
  g_free (item);
}

static Item *
item_new (int id, const char *key, const char *label, gboolean enabled)
{
  Item *item = g_new0 (Item, 1);

  item->id = id;
  item->key = g_strdup (key);
  item->label = g_strdup (label);
  item->enabled = enabled;
  item->children = g_ptr_array_new_with_free_func (item_free);
  return item;
}

static gboolean
item_equal (const Item *a, const Item *b)
{
  if (a->id != b->id || g_strcmp0 (a->label, b->label) != 0 || a->enabled != b->enabled
      || a->children->len != b->children->len)
    return FALSE;
  for (guint i = 0; i < a->children->len; i++)
    if (!item_equal (a->children->pdata[i], b->children->pdata[i]))
      return FALSE;
  return TRUE;
}

static Item *
find (Item *item, const char *key)
{
  if (g_strcmp0 (item->key, key) == 0)
    return item;
  for (guint i = 0; i < item->children->len; i++)
    {
      Item *found = find (item->children->pdata[i], key);
      if (found)
        return found;
    }
  return NULL;
}

/* "_" marks the letter to press; two are one. */
static char *
escape_label (const char *label)
{
  g_auto (GStrv) parts = g_strsplit (label, "_", -1);

  return g_strjoinv ("__", parts);
}

static void
add_property (GVariantBuilder *out, const char *const *names, const char *name, GVariant *value)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);

  if (!names || !names[0] || g_strv_contains (names, name))
    g_variant_builder_add (out, "{sv}", name, owned);
}

/* What differs from dbusmenu's defaults; floating. */
static GVariant *
item_properties (const Item *item, const char *const *names)
{
  GVariantBuilder out;

  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  if (item->id != 0 && !item->label)
    add_property (&out, names, "type", g_variant_new_string ("separator"));
  if (item->label)
    {
      add_property (&out, names, "label", g_variant_new_take_string (escape_label (item->label)));
      if (!item->enabled)
        add_property (&out, names, "enabled", g_variant_new_boolean (FALSE));
    }
  if (item->children->len > 0)
    add_property (&out, names, "children-display", g_variant_new_string ("submenu"));
  return g_variant_builder_end (&out);
}

/* @depth: -1 for all below. Floating. */
static GVariant *
item_layout (const Item *item, int depth, const char *const *names)
{
  GVariantBuilder children;

  g_variant_builder_init (&children, G_VARIANT_TYPE ("av"));
  for (guint i = 0; depth != 0 && i < item->children->len; i++)
    g_variant_builder_add (&children, "v",
                           item_layout (item->children->pdata[i], depth - 1, names));
  return g_variant_new ("(i@a{sv}@av)", item->id, item_properties (item, names),
                        g_variant_builder_end (&children));
}

static Item *
lookup (BhTrayMenu *self, int id)
{
  return g_hash_table_lookup (self->by_id, GINT_TO_POINTER (id));
}

static void
return_unknown (GDBusMethodInvocation *invocation, int id)
{
  g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                         "There is no menu item %d", id);
}

static gboolean
handle_get_layout (BhDbusTrayMenu *menu, GDBusMethodInvocation *invocation, int parent, int depth,
                   const char *const *names, BhTrayMenu *self)
{
  Item *item = lookup (self, parent);

  if (item)
    bh_dbus_tray_menu_complete_get_layout (menu, invocation, self->revision,
                                           item_layout (item, depth, names));
  else
    return_unknown (invocation, parent);
  return TRUE;
}

static gboolean
handle_get_group_properties (BhDbusTrayMenu *menu, GDBusMethodInvocation *invocation, GVariant *ids,
                             const char *const *names, BhTrayMenu *self)
{
  GVariantBuilder out;
  GVariantIter iter;
  int id;

  g_variant_builder_init (&out, G_VARIANT_TYPE ("a(ia{sv})"));
  g_variant_iter_init (&iter, ids);
  while (g_variant_iter_next (&iter, "i", &id))
    {
      Item *item = lookup (self, id);
      if (item)
        g_variant_builder_add (&out, "(i@a{sv})", id, item_properties (item, names));
    }
  bh_dbus_tray_menu_complete_get_group_properties (menu, invocation, g_variant_builder_end (&out));
  return TRUE;
}

static gboolean
handle_get_property (BhDbusTrayMenu *menu, GDBusMethodInvocation *invocation, int id,
                     const char *name, BhTrayMenu *self)
{
  Item *item = lookup (self, id);
  g_autoptr (GVariant) properties =
      item ? g_variant_ref_sink (item_properties (item, NULL)) : NULL;
  g_autoptr (GVariant) value =
      properties ? g_variant_lookup_value (properties, name, NULL) : NULL;

  if (value)
    bh_dbus_tray_menu_complete_get_property (menu, invocation, g_variant_new_variant (value));
  else
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                           "Menu item %d has no such property", id);
  return TRUE;
}

static gboolean
happen (BhTrayMenu *self, int id, const char *event)
{
  Item *item = lookup (self, id);

  if (!item)
    return FALSE;
  if (g_str_equal (event, "opened") && id == 0)
    g_signal_emit (self, signals[ABOUT_TO_SHOW], 0);
  else if (g_str_equal (event, "clicked") && item->label && item->enabled
           && item->children->len == 0)
    {
      g_autofree char *key = g_strdup (item->key);
      g_signal_emit (self, signals[ACTIVATED], 0, key);
    }
  return TRUE;
}

static gboolean
handle_event (BhDbusTrayMenu *menu, GDBusMethodInvocation *invocation, int id, const char *event,
              GVariant *data, guint timestamp, BhTrayMenu *self)
{
  if (happen (self, id, event))
    bh_dbus_tray_menu_complete_event (menu, invocation);
  else
    return_unknown (invocation, id);
  return TRUE;
}

static gboolean
handle_event_group (BhDbusTrayMenu *menu, GDBusMethodInvocation *invocation, GVariant *events,
                    BhTrayMenu *self)
{
  GVariantBuilder unknown;
  GVariantIter iter;
  const char *event;
  GVariant *data;
  guint timestamp;
  int id;

  g_variant_builder_init (&unknown, G_VARIANT_TYPE ("ai"));
  g_variant_iter_init (&iter, events);
  while (g_variant_iter_loop (&iter, "(i&svu)", &id, &event, &data, &timestamp))
    if (!happen (self, id, event))
      g_variant_builder_add (&unknown, "i", id);
  bh_dbus_tray_menu_complete_event_group (menu, invocation, g_variant_builder_end (&unknown));
  return TRUE;
}

static gboolean
handle_about_to_show (BhDbusTrayMenu *menu, GDBusMethodInvocation *invocation, int id,
                      BhTrayMenu *self)
{
  guint before = self->revision;

  if (id == 0)
    g_signal_emit (self, signals[ABOUT_TO_SHOW], 0);
  bh_dbus_tray_menu_complete_about_to_show (menu, invocation, self->revision != before);
  return TRUE;
}

static gboolean
handle_about_to_show_group (BhDbusTrayMenu *menu, GDBusMethodInvocation *invocation, GVariant *ids,
                            BhTrayMenu *self)
{
  GVariantBuilder updates, unknown;
  guint before = self->revision;
  GVariantIter iter;
  int id;

  g_signal_emit (self, signals[ABOUT_TO_SHOW], 0);
  g_variant_builder_init (&updates, G_VARIANT_TYPE ("ai"));
  g_variant_builder_init (&unknown, G_VARIANT_TYPE ("ai"));
  g_variant_iter_init (&iter, ids);
  while (g_variant_iter_next (&iter, "i", &id))
    if (!lookup (self, id))
      g_variant_builder_add (&unknown, "i", id);
    else if (self->revision != before)
      g_variant_builder_add (&updates, "i", id);
  bh_dbus_tray_menu_complete_about_to_show_group (menu, invocation,
                                                  g_variant_builder_end (&updates),
                                                  g_variant_builder_end (&unknown));
  return TRUE;
}

static void
index_items (BhTrayMenu *self, Item *item)
{
  g_hash_table_insert (self->by_id, GINT_TO_POINTER (item->id), item);
  for (guint i = 0; i < item->children->len; i++)
    index_items (self, item->children->pdata[i]);
}

void
bh_tray_menu_begin (BhTrayMenu *self)
{
  g_clear_pointer (&self->written, item_free);
  g_hash_table_remove_all (self->new_ids);
  self->written = item_new (0, NULL, NULL, TRUE);
}

void
bh_tray_menu_add (BhTrayMenu *self, const char *parent, const char *key, const char *label,
                  gboolean enabled)
{
  Item *above = parent ? find (self->written, parent) : self->written;
  int id = GPOINTER_TO_INT (g_hash_table_lookup (self->ids, key));

  g_return_if_fail (above);
  /* Never one that another item has had: a late click must not hit the wrong one. */
  if (id == 0)
    id = ++self->last_id;
  g_hash_table_insert (self->new_ids, g_strdup (key), GINT_TO_POINTER (id));
  g_ptr_array_add (above->children, item_new (id, key, label, enabled));
}

void
bh_tray_menu_commit (BhTrayMenu *self)
{
  Item *written = g_steal_pointer (&self->written);
  GHashTable *ids = self->ids;

  self->ids = self->new_ids;
  self->new_ids = ids;
  if (self->root && item_equal (self->root, written))
    {
      item_free (written);
      return;
    }
  g_hash_table_remove_all (self->by_id);
  g_clear_pointer (&self->root, item_free);
  self->root = written;
  index_items (self, written);
  self->revision++;
  bh_dbus_tray_menu_emit_layout_updated (self->skeleton, self->revision, 0);
}

gboolean
bh_tray_menu_export (BhTrayMenu *self, GDBusConnection *connection, const char *path,
                     GError **error)
{
  return g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection,
                                           path, error);
}

void
bh_tray_menu_unexport (BhTrayMenu *self)
{
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

static void
bh_tray_menu_finalize (GObject *object)
{
  BhTrayMenu *self = BH_TRAY_MENU (object);

  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_object_unref (self->skeleton);
  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->ids);
  g_hash_table_unref (self->new_ids);
  g_clear_pointer (&self->written, item_free);
  g_clear_pointer (&self->root, item_free);
  G_OBJECT_CLASS (bh_tray_menu_parent_class)->finalize (object);
}

static void
bh_tray_menu_class_init (BhTrayMenuClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_tray_menu_finalize;
  signals[ACTIVATED] = g_signal_new ("activated", BH_TYPE_TRAY_MENU, G_SIGNAL_RUN_LAST, 0, NULL,
                                     NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[ABOUT_TO_SHOW] = g_signal_new ("about-to-show", BH_TYPE_TRAY_MENU, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bh_tray_menu_init (BhTrayMenu *self)
{
  static const struct
  {
    const char *signal;
    GCallback handler;
  } handlers[] = {
    { "handle-get-layout", G_CALLBACK (handle_get_layout) },
    { "handle-get-group-properties", G_CALLBACK (handle_get_group_properties) },
    { "handle-get-property", G_CALLBACK (handle_get_property) },
    { "handle-event", G_CALLBACK (handle_event) },
    { "handle-event-group", G_CALLBACK (handle_event_group) },
    { "handle-about-to-show", G_CALLBACK (handle_about_to_show) },
    { "handle-about-to-show-group", G_CALLBACK (handle_about_to_show_group) },
  };

  self->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->new_ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->by_id = g_hash_table_new (NULL, NULL);
  self->skeleton = bh_dbus_tray_menu_skeleton_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (handlers); i++)
    g_signal_connect (self->skeleton, handlers[i].signal, handlers[i].handler, self);
  bh_dbus_tray_menu_set_version (self->skeleton, MENU_VERSION);
  bh_dbus_tray_menu_set_text_direction (self->skeleton, "ltr");
  bh_dbus_tray_menu_set_status (self->skeleton, "normal");
  bh_dbus_tray_menu_set_icon_theme_path (self->skeleton, (const char *const[]){ NULL });
  bh_tray_menu_begin (self);
  bh_tray_menu_commit (self);
}

BhTrayMenu *
bh_tray_menu_new (void)
{
  return g_object_new (BH_TYPE_TRAY_MENU, NULL);
}
