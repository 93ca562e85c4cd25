/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which AppVM uses the network of which. */
#include "config.h"

#include "bh-net-links.h"

#include "bh-error.h"
#include "bh-net-spec.h"
#include "bh-paths.h"

#define NUMBERS 4096

struct _BhNetLinks
{
  GObject parent;
  BhFindConfig find;
  BhHasUsers has_users;
  gpointer find_data;
  GHashTable *providers; /* id → BhNetwork, not owned */
  GPtrArray *clients;    /* of char *: "PROVIDER CLIENT", one for each link */
  guint8 numbers[NUMBERS];
};

G_DEFINE_TYPE (BhNetLinks, bh_net_links, G_TYPE_OBJECT)

enum
{
  START,
  START_FAILED,
  PROVIDER,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

void
bh_net_links_set_find (BhNetLinks *self, BhFindConfig find, BhHasUsers has_users, gpointer data)
{
  self->find = find;
  self->has_users = has_users;
  self->find_data = data;
}

gboolean
bh_net_links_has_users (BhNetLinks *self, const char *id)
{
  return self->has_users && self->has_users (id, self->find_data);
}

/* Whether following the providers of @config comes to @id; @chain gets the way. */
static gboolean
leads_to (BhNetLinks *self, BhVmConfig *config, const char *id, GHashTable *seen, GString *chain)
{
  g_autoptr (GPtrArray) providers = bh_net_spec_list_providers (config);

  for (guint i = 0; i < providers->len; i++)
    {
      const char *next = providers->pdata[i];
      BhVmConfig *other = self->find ? self->find (next, self->find_data) : NULL;
      gsize before = chain->len;

      g_string_append_printf (chain, " → %s", next);
      if (g_str_equal (next, id))
        return TRUE;
      if (other && g_hash_table_add (seen, g_strdup (next))
          && leads_to (self, other, id, seen, chain))
        return TRUE;
      g_string_truncate (chain, before);
    }
  return FALSE;
}

gboolean
bh_net_links_check (BhNetLinks *self, BhVmConfig *config, GError **error)
{
  const char *id = bh_vm_config_get_id (config);
  g_autoptr (GPtrArray) providers = bh_net_spec_list_providers (config);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) chain = g_string_new (id);
  g_autofree char *path = bh_paths_vm_file (id);

  for (guint i = 0; i < providers->len; i++)
    {
      const char *provider = providers->pdata[i];

      if (self->find && !g_str_equal (provider, id) && !self->find (provider, self->find_data))
        {
          g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                       "%s: NetVm: there is no AppVM with the id “%s”", path, provider);
          return FALSE;
        }
    }
  if (!leads_to (self, config, id, seen, chain))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "%s: NetVm: AppVMs cannot use each other's network in a circle: %s", path,
               chain->str);
  return FALSE;
}

void
bh_net_links_set_provider (BhNetLinks *self, const char *id, gpointer provider)
{
  if (provider)
    g_hash_table_insert (self->providers, g_strdup (id), provider);
  else if (!g_hash_table_remove (self->providers, id))
    return;
  g_signal_emit (self, signals[PROVIDER], 0, id);
}

gpointer
bh_net_links_get_provider (BhNetLinks *self, const char *id)
{
  return g_hash_table_lookup (self->providers, id);
}

void
bh_net_links_start (BhNetLinks *self, const char *id, const char *client)
{
  g_signal_emit (self, signals[START], 0, id, client);
}

void
bh_net_links_start_failed (BhNetLinks *self, const char *id, const char *message)
{
  g_signal_emit (self, signals[START_FAILED], 0, id, message);
}

void
bh_net_links_add_client (BhNetLinks *self, const char *id, const char *client)
{
  g_ptr_array_add (self->clients, g_strconcat (id, " ", client, NULL));
}

void
bh_net_links_remove_client (BhNetLinks *self, const char *id, const char *client)
{
  g_autofree char *entry = g_strconcat (id, " ", client, NULL);
  guint index;

  if (g_ptr_array_find_with_equal_func (self->clients, entry, g_str_equal, &index))
    g_ptr_array_remove_index (self->clients, index);
}

GPtrArray *
bh_net_links_list_clients (BhNetLinks *self, const char *id)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *prefix = g_strconcat (id, " ", NULL);

  for (guint i = 0; i < self->clients->len; i++)
    if (g_str_has_prefix (self->clients->pdata[i], prefix))
      {
        const char *client = strchr (self->clients->pdata[i], ' ') + 1;
        BhVmConfig *config = self->find ? self->find (client, self->find_data) : NULL;
        const char *name = config ? bh_vm_config_get (config, "Name") : client;

        if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
          g_ptr_array_add (names, g_strdup (name));
      }
  return names;
}

int
bh_net_links_take_number (BhNetLinks *self)
{
  for (int i = 0; i < NUMBERS; i++)
    if (!self->numbers[i])
      {
        self->numbers[i] = 1;
        return i;
      }
  return -1;
}

void
bh_net_links_give_number (BhNetLinks *self, int number)
{
  if (number >= 0)
    self->numbers[number] = 0;
}

static void
bh_net_links_class_init (BhNetLinksClass *klass)
{
  signals[START] = g_signal_new ("start", BH_TYPE_NET_LINKS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[START_FAILED] =
      g_signal_new ("start-failed", BH_TYPE_NET_LINKS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[PROVIDER] = g_signal_new ("provider", BH_TYPE_NET_LINKS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bh_net_links_init (BhNetLinks *self)
{
  self->providers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->clients = g_ptr_array_new_with_free_func (g_free);
}

BhNetLinks *
bh_net_links_get (void)
{
  static BhNetLinks *links; /* for as long as the process */

  if (!links)
    links = g_object_new (BH_TYPE_NET_LINKS, NULL);
  return links;
}
