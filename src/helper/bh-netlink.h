/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Interfaces, addresses and routes of this computer, by libnl. IPv4 addresses are in host byte order. */
#pragma once

#include <gio/gio.h>

#define BH_MAC_LENGTH 6

/* Who has this hardware address: an interface's name, or %NULL. */
char *bh_netlink_find_mac (const guint8 *mac);

/* A route or address of the host that the network @address/@prefix overlaps, as text, or %NULL. Routes shorter than
 * a /8 are the default one, or that in two halves as some VPNs have it, and count for nothing. */
char *bh_netlink_find_overlap (guint32 address, guint prefix, GError **error);

/* (element-type utf8) (transfer container): the networks that are on the wire of an interface not
 * called "bhtap…": "192.0.2.0/24". */
GPtrArray *bh_netlink_on_link (void);

/* Whether every default route of IPv4 and IPv6 leaves by one of @interfaces (NULL-terminated); FALSE when there is
 * none at all. */
gboolean bh_netlink_is_only_way (const char *const *interfaces);

gboolean bh_netlink_is_bridge (const char *name);
/* (element-type int) (transfer full): indexes of all bridges there are. */
GArray *bh_netlink_bridges (void);
gboolean bh_netlink_add_address (int index, guint32 address, guint prefix, GError **error);
gboolean bh_netlink_set_up (int index, GError **error);
/* A port that talks to none of the others that are isolated, and cannot change the bridge's tree. */
gboolean bh_netlink_join (int index, int bridge, GError **error);
/* TRUE when it is gone, also when it was. */
gboolean bh_netlink_delete (const char *name, GError **error);

/* Calls @changed in the main context after interfaces, or routes or addresses of IPv4, have changed. */
typedef void (*BhNetlinkChanged) (gpointer data);
gboolean bh_netlink_watch (BhNetlinkChanged changed, gpointer data, GError **error);
