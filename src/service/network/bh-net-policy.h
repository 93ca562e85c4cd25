/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a network interface of an AppVM may reach, in bulkhead-netgate's words. */
#pragma once

#include "bh-host-network.h"

typedef struct
{
  gboolean lan, dhcp; /* dhcp: the guest asks for its address */
  const char *mac;
  const char *const *guest; /* its addresses, without length */
  const char *const *gateway;
  const char *const *servers;     /* name servers, by UDP and TCP */
  const char *const *udp_servers; /* by UDP only */
} BhNetPolicy;

/* Returns: (transfer full): for bh_netgate_set_policy() */
char *bh_net_policy_write (const BhNetPolicy *policy, const BhHostNetwork *host);
