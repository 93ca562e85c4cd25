/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this computer's own network is like, as far as AppVMs must be kept from it. */
#pragma once

#include <gio/gio.h>

typedef struct
{
  gboolean has_v4, has_v6; /* there is a default route */
  char *way;               /* names of the interfaces with default routes */
  GPtrArray *own;          /* addresses of this computer, char * */
  GPtrArray *near;         /* prefixes on its links, "ADDRESS/LENGTH" */
  GPtrArray *servers;      /* name servers it asks */
  GPtrArray *upstream;     /* those that its own one asks, as far as that says so */
} BhHostNetwork;

/* As it is now. */
BhHostNetwork *bh_host_network_read (void);
void bh_host_network_free (BhHostNetwork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhHostNetwork, bh_host_network_free)
gboolean bh_host_network_equal (const BhHostNetwork *a, const BhHostNetwork *b);

/* An address that only this computer itself can reach. */
gboolean bh_host_network_is_loopback (const char *address);

#define BH_TYPE_HOST_NETWORK_WATCH (bh_host_network_watch_get_type ())
G_DECLARE_FINAL_TYPE (BhHostNetworkWatch, bh_host_network_watch, BH, HOST_NETWORK_WATCH, GObject)

/* The one watch of this process. Signal: "changed": what bh_host_network_read() gives may be different. */
BhHostNetworkWatch *bh_host_network_watch_get (void);
