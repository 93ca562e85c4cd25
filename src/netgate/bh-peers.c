/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whom an AppVM talks to, and how much. A table of fixed size, whatever a guest does: each peer has
 * four places it can be in, and the one heard of longest ago gives way. */
#include "bh-peers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define SETS 64
#define WAYS 4

typedef struct
{
  BhPeerKey key; /* protocol 0: empty */
  uint64_t in, out, last;
} Peer;

static Peer table[SETS][WAYS];

static unsigned
hash (const BhPeerKey *key)
{
  uint32_t h = 2166136261u;

  for (unsigned i = 0; i < sizeof key->address.bytes; i++)
    h = (h ^ key->address.bytes[i]) * 16777619u;
  h = (h ^ key->protocol) * 16777619u;
  h = (h ^ key->port) * 16777619u;
  return (h ^ h >> 16) % SETS;
}

static bool
is_for (const Peer *peer, const BhPeerKey *key)
{
  return peer->key.protocol == key->protocol && peer->key.port == key->port
         && bh_address_equal (&peer->key.address, &key->address);
}

void
bh_peers_count (const BhPeerKey *key, bool in, size_t bytes, uint64_t now)
{
  Peer *set = table[hash (key)], *oldest = set;

  if (key->protocol == 0)
    return;
  for (unsigned i = 0; i < WAYS; i++)
    {
      if (is_for (&set[i], key))
        {
          oldest = &set[i];
          break;
        }
      if (set[i].last < oldest->last)
        oldest = &set[i];
    }
  if (!is_for (oldest, key))
    *oldest = (Peer){ .key = *key };
  *(in ? &oldest->in : &oldest->out) += bytes;
  oldest->last = now;
}

size_t
bh_peers_print (char *out, size_t size, uint64_t now, uint64_t ms)
{
  size_t used = 0;

  for (unsigned i = 0; i < SETS * WAYS; i++)
    {
      const Peer *peer = &table[i / WAYS][i % WAYS];
      const char *name = peer->key.protocol == IPPROTO_TCP   ? "tcp"
                         : peer->key.protocol == IPPROTO_UDP ? "udp"
                                                             : "icmp";
      char address[INET6_ADDRSTRLEN];
      int n;

      if (peer->key.protocol == 0 || now - peer->last > ms)
        continue;
      bh_address_print (&peer->key.address, address, sizeof address);
      n = snprintf (out + used, size - used, "peer %s %s %u %llu %llu\n", name, address,
                    peer->key.port, (unsigned long long) peer->in, (unsigned long long) peer->out);
      if (n < 0 || (size_t) n >= size - used)
        break;
      used += (size_t) n;
    }
  return used;
}
