/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the service lets one network interface of an AppVM reach. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BH_POLICY_BLOCKS 2048
#define BH_POLICY_SERVERS 8
#define BH_POLICY_MAX_TEXT 131072

/* IPv4 addresses are kept as ::ffff:a.b.c.d, so that one comparison does for both. */
typedef struct
{
  uint8_t bytes[16];
} BhAddress;

typedef struct
{
  BhAddress address;
  unsigned length; /* bits; of IPv4 96 and its own */
  bool v4;
} BhPrefix;

typedef struct
{
  BhAddress address;
  bool tcp; /* by TCP as well as UDP */
} BhNameServer;

typedef struct
{
  bool open; /* anything passes at all */
  bool dhcp; /* also asking everybody for an address, by IPv4 */
  uint8_t mac[6];
  BhAddress guest[2], gateway[2];
  unsigned n_guest, n_gateway;
  /* Port 53 of these passes, whatever else is blocked. */
  BhNameServer servers[BH_POLICY_SERVERS];
  unsigned n_servers;
  BhPrefix blocks[BH_POLICY_BLOCKS];
  unsigned n_blocks;
} BhPolicy;

BhAddress bh_address_v4 (const uint8_t bytes[4]);
BhAddress bh_address_v6 (const uint8_t bytes[16]);
bool bh_address_is_v4 (const BhAddress *address);
bool bh_address_equal (const BhAddress *a, const BhAddress *b);
bool bh_address_in (const BhAddress *address, const BhPrefix *prefix);
/* @out: at least INET6_ADDRSTRLEN bytes */
void bh_address_print (const BhAddress *address, char *out, size_t size);

/**
 * Read the service's orders, a line each:
 *   open | closed
 *   dhcp
 *   mac 02:00:00:00:00:01     what the guest's frames must come from
 *   guest ADDRESS             the same; one of each family
 *   gateway ADDRESS           what it may look for by ARP and neighbour discovery, and not talk to
 *   dns ADDRESS | dns-udp ADDRESS
 *   block PREFIX/LENGTH
 * Returns: whether all of it was understood; @out is as it was otherwise
 */
bool bh_policy_read (const char *text, size_t length, BhPolicy *out);

/* Whether the guest may send to @port (0: none) of @address, which is not its own gateway's. */
bool bh_policy_allows (const BhPolicy *policy, const BhAddress *address, uint8_t protocol,
                       uint16_t port);
