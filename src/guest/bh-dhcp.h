/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An IPv4 address for an interface from the network it is on, by DHCP (RFC 2131). */
#pragma once

#include <stdbool.h>
#include <wayland-server-core.h>

typedef struct
{
  char *address; /* with the length of its prefix */
  char *gateway; /* or NULL */
  char **servers;
} BhLease;

typedef struct _BhDhcp BhDhcp;

/* @lease: what there is from now on, or NULL: nothing; @detail: then why not, for people, or NULL: it is being asked. */
typedef void (*BhDhcpChanged) (void *data, const BhLease *lease, const char *detail);

/* Ask until it is freed. @changed may be called before it returns. */
BhDhcp *bh_dhcp_new (struct wl_event_loop *loop, const char *interface, BhDhcpChanged changed,
                     void *data);
void bh_dhcp_free (BhDhcp *dhcp);

/* For who does not run the loop while waiting: readable when there is something to dispatch; -1: never. */
int bh_dhcp_get_fd (BhDhcp *dhcp);
void bh_dhcp_dispatch (BhDhcp *dhcp);
