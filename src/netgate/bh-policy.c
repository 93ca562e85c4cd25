/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the service lets one network interface of an AppVM reach. */
#include "bh-policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

BhAddress
bh_address_v4 (const uint8_t bytes[4])
{
  BhAddress address;

  memcpy (address.bytes, v4_prefix, sizeof v4_prefix);
  memcpy (address.bytes + 12, bytes, 4);
  return address;
}

BhAddress
bh_address_v6 (const uint8_t bytes[16])
{
  BhAddress address;

  memcpy (address.bytes, bytes, 16);
  return address;
}

bool
bh_address_is_v4 (const BhAddress *address)
{
  return memcmp (address->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

bool
bh_address_equal (const BhAddress *a, const BhAddress *b)
{
  return memcmp (a->bytes, b->bytes, 16) == 0;
}

bool
bh_address_in (const BhAddress *address, const BhPrefix *prefix)
{
  unsigned whole = prefix->length / 8, rest = prefix->length % 8;

  /* "::/8" does not mean IPv4 as it is written here. */
  if (bh_address_is_v4 (address) != prefix->v4)
    return false;
  if (memcmp (address->bytes, prefix->address.bytes, whole) != 0)
    return false;
  return rest == 0 || (address->bytes[whole] ^ prefix->address.bytes[whole]) >> (8 - rest) == 0;
}

void
bh_address_print (const BhAddress *address, char *out, size_t size)
{
  bool v4 = bh_address_is_v4 (address);

  if (!inet_ntop (v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? 12 : 0), out, size) && size > 0)
    out[0] = '\0';
}

static bool
read_address (const char *text, BhAddress *out)
{
  uint8_t bytes[16];

  if (inet_pton (AF_INET, text, bytes) == 1)
    *out = bh_address_v4 (bytes);
  else if (inet_pton (AF_INET6, text, bytes) == 1)
    *out = bh_address_v6 (bytes);
  else
    return false;
  return true;
}

static bool
read_prefix (char *text, BhPrefix *out)
{
  char *slash = strchr (text, '/'), *end;
  bool v4 = strchr (text, ':') == NULL;
  unsigned long length;

  if (!slash)
    return false;
  *slash = '\0';
  if (slash[1] < '0' || slash[1] > '9')
    return false;
  length = strtoul (slash + 1, &end, 10);
  if (*end || length > (v4 ? 32 : 128) || !read_address (text, &out->address))
    return false;
  out->length = (unsigned) length + (v4 ? 96 : 0);
  out->v4 = v4;
  return true;
}

static bool
read_mac (const char *text, uint8_t mac[6])
{
  unsigned b[6];
  int used = 0;

  if (sscanf (text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &used)
          != 6
      || text[used])
    return false;
  for (unsigned i = 0; i < 6; i++)
    mac[i] = (uint8_t) b[i];
  return true;
}

static bool
read_line (BhPolicy *policy, const char *word, char *value)
{
  if (strcmp (word, "open") == 0 || strcmp (word, "closed") == 0)
    policy->open = word[0] == 'o';
  else if (strcmp (word, "dhcp") == 0)
    policy->dhcp = true;
  else if (!value)
    return false;
  else if (strcmp (word, "mac") == 0)
    return read_mac (value, policy->mac);
  else if (strcmp (word, "guest") == 0)
    return policy->n_guest < 2 && read_address (value, &policy->guest[policy->n_guest++]);
  else if (strcmp (word, "gateway") == 0)
    return policy->n_gateway < 2 && read_address (value, &policy->gateway[policy->n_gateway++]);
  else if (strcmp (word, "dns") == 0 || strcmp (word, "dns-udp") == 0)
    {
      if (policy->n_servers >= BH_POLICY_SERVERS)
        return false;
      policy->servers[policy->n_servers].tcp = word[3] == '\0';
      return read_address (value, &policy->servers[policy->n_servers++].address);
    }
  else if (strcmp (word, "block") == 0)
    return policy->n_blocks < BH_POLICY_BLOCKS
           && read_prefix (value, &policy->blocks[policy->n_blocks++]);
  else
    return false;
  return true;
}

bool
bh_policy_read (const char *text, size_t length, BhPolicy *out)
{
  static char copy[BH_POLICY_MAX_TEXT + 1];
  static BhPolicy policy; /* large, and there is one thread */
  char *position = NULL;

  if (length > BH_POLICY_MAX_TEXT || memchr (text, '\0', length))
    return false;
  memcpy (copy, text, length);
  copy[length] = '\0';
  memset (&policy, 0, sizeof policy);
  for (char *line = strtok_r (copy, "\n", &position); line; line = strtok_r (NULL, "\n", &position))
    {
      char *value = strchr (line, ' ');

      if (value)
        *value++ = '\0';
      if (!read_line (&policy, line, value))
        return false;
    }
  *out = policy;
  return true;
}

bool
bh_policy_allows (const BhPolicy *policy, const BhAddress *address, uint8_t protocol, uint16_t port)
{
  if (port == 53)
    for (unsigned i = 0; i < policy->n_servers; i++)
      if (bh_address_equal (address, &policy->servers[i].address)
          && (protocol == IPPROTO_UDP || policy->servers[i].tcp))
        return true;
  for (unsigned i = 0; i < policy->n_gateway; i++)
    if (bh_address_equal (address, &policy->gateway[i]))
      return false;
  for (unsigned i = 0; i < policy->n_blocks; i++)
    if (bh_address_in (address, &policy->blocks[i]))
      return false;
  return true;
}
