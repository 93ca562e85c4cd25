/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the agent asks of the guest's kernel about network interfaces (rtnetlink.7). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* An address of either family. */
typedef struct
{
  int family; /* AF_INET or AF_INET6 */
  uint8_t bytes[16];
  unsigned length; /* of the prefix, in bits */
} BhNetAddress;

/* "10.0.0.2/24"; without "/" all of it. */
bool bh_net_address_read (const char *text, BhNetAddress *out);

/* A socket for what follows; with @watch it becomes readable when an interface comes or changes. -1: errno. */
int bh_rtnl_open (bool watch);

/* All false with errno. @index: of the interface. */
bool bh_rtnl_set_link (int fd, int index, const char *name, unsigned mtu, bool up);
bool bh_rtnl_add_address (int fd, int index, const BhNetAddress *address);
bool bh_rtnl_remove_address (int fd, int index, const BhNetAddress *address);
/* @to: NULL for everything. */
bool bh_rtnl_add_route (int fd, int index, const BhNetAddress *to, const BhNetAddress *gateway);
