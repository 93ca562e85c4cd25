/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which AppVM uses the network of which: the only thing about networks that is not one AppVM's own. */
#pragma once

#include "bh-vm-config.h"

#define BH_TYPE_NET_LINKS (bh_net_links_get_type ())
G_DECLARE_FINAL_TYPE (BhNetLinks, bh_net_links, BH, NET_LINKS, GObject)

/* Signals:
 * "start" (id, client): somebody should start the AppVM @id for the AppVM @client
 * "provider" (id): bh_net_links_get_provider (id) has changed */

/* The one of this process. */
BhNetLinks *bh_net_links_get (void);

/* How to find an AppVM's settings: %NULL when there is no such. */
typedef BhVmConfig *(*BhFindConfig) (const char *id, gpointer data);
/* Whether the settings of any AppVM say that it uses the network of @id. */
typedef gboolean (*BhHasUsers) (const char *id, gpointer data);
void bh_net_links_set_find (BhNetLinks *self, BhFindConfig find, BhHasUsers has_users, gpointer data);
gboolean bh_net_links_has_users (BhNetLinks *self, const char *id);

/**
 * bh_net_links_check:
 * @error: %BH_ERROR_INVALID_ARGUMENT naming file and key: a provider that is not there, is the AppVM itself, or uses its
 * network
 */
gboolean bh_net_links_check (BhNetLinks *self, BhVmConfig *config, GError **error);

/* @provider: a BhNetwork that is up, or %NULL when it goes. */
void bh_net_links_set_provider (BhNetLinks *self, const char *id, gpointer provider);
gpointer bh_net_links_get_provider (BhNetLinks *self, const char *id);

/* Let somebody start @id. It fails, if so, by bh_net_links_start_failed(). */
void bh_net_links_start (BhNetLinks *self, const char *id, const char *client);
/* Emits "start-failed" (id, message). */
void bh_net_links_start_failed (BhNetLinks *self, const char *id, const char *message);

/* Names of the running AppVMs that use the network of @id; (transfer full): of char *, may be empty. */
void bh_net_links_add_client (BhNetLinks *self, const char *id, const char *client);
void bh_net_links_remove_client (BhNetLinks *self, const char *id, const char *client);
GPtrArray *bh_net_links_list_clients (BhNetLinks *self, const char *id);

/* A number for a new link's addresses, and back. -1: all are taken. */
int bh_net_links_take_number (BhNetLinks *self);
void bh_net_links_give_number (BhNetLinks *self, int number);
