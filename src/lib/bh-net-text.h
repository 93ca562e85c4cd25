/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What people write about networks: addresses, routes, interfaces. */
#pragma once

#include <gio/gio.h>

typedef enum
{
  BH_NET_INTERNET, /* through the host's own connections */
  BH_NET_VM,       /* through another AppVM */
  BH_NET_NAT,      /* through the host's kernel */
  BH_NET_BRIDGE,   /* a bridge that the administrator has allowed */
} BhNetMode;

/* One network interface of an AppVM. */
typedef struct
{
  BhNetMode mode;
  char *name;   /* in the guest */
  char *via;    /* id of the AppVM, name of the bridge, or NULL */
  char *mac;    /* NULL: chosen */
  gboolean lan;  /* private and on-link addresses may be reached */
  gboolean dhcp; /* its addresses come from its network */
  char **addresses, **gateways, **routes, **servers; /* never NULL */
} BhNetSpec;

BhNetSpec *bh_net_spec_new (BhNetMode mode, const char *name);
BhNetSpec *bh_net_spec_copy (const BhNetSpec *spec);
void bh_net_spec_free (BhNetSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhNetSpec, bh_net_spec_free)
gboolean bh_net_spec_equal (const BhNetSpec *a, const BhNetSpec *b);
/* Takes @addresses, as for bh_net_is_guest_address() each. */
void bh_net_spec_set_addresses (BhNetSpec *spec, char **addresses);

/**
 * bh_net_spec_parse:
 * @text: "NAME MODE [WORD]…", with MODE one of internet, vm:ID, nat, bridge:NAME and WORDs address=ADDRESS/LENGTH, dhcp,
 * gateway=ADDRESS, route=PREFIX/LENGTH,GATEWAY, dns=ADDRESS, mac=MAC, lan
 *
 * Returns: (nullable): what it says; %NULL with %BH_ERROR_INVALID_ARGUMENT
 */
BhNetSpec *bh_net_spec_parse (const char *text, GError **error);

/* For one item of a key each. */
gboolean bh_net_is_address (const char *text);
/* "10.0.0.2/24", or "dhcp" */
gboolean bh_net_is_guest_address (const char *text);
/* "10.1.0.0/16 10.0.0.1" */
gboolean bh_net_is_route (const char *text);
/* Not of a group, and not all zero. */
gboolean bh_net_is_mac (const char *text);
/* As a network interface can be called. */
gboolean bh_net_is_name (const char *text);
gboolean bh_net_is_spec (const char *text);

/* Whether the networks of two "ADDRESS/LENGTH" have addresses in common. */
gboolean bh_net_prefixes_overlap (const char *a, const char *b);
