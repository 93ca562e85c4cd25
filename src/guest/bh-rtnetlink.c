/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few requests to the kernel that give a network interface fixed addresses. */
#include "bh-rtnetlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  union
  {
    struct nlmsghdr header;
    uint8_t bytes[512];
  };
} Request;

bool
bh_net_address_read (const char *text, BhNetAddress *out)
{
  char copy[64], *slash, *end;
  unsigned long length, most;

  if (strlen (text) >= sizeof copy)
    return false;
  strcpy (copy, text);
  slash = strchr (copy, '/');
  if (slash)
    *slash = '\0';
  memset (out, 0, sizeof *out);
  if (inet_pton (AF_INET, copy, out->bytes) == 1)
    out->family = AF_INET;
  else if (inet_pton (AF_INET6, copy, out->bytes) == 1)
    out->family = AF_INET6;
  else
    return false;
  most = out->family == AF_INET ? 32 : 128;
  length = slash ? strtoul (slash + 1, &end, 10) : most;
  if (slash && (slash[1] < '0' || slash[1] > '9' || *end || length > most))
    return false;
  out->length = (unsigned) length;
  return true;
}

int
bh_rtnl_open (bool watch)
{
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = watch ? RTMGRP_LINK : 0 };
  int fd =
      socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (watch ? SOCK_NONBLOCK : 0), NETLINK_ROUTE);

  if (fd >= 0 && bind (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      int saved = errno;

      close (fd);
      errno = saved;
      return -1;
    }
  return fd;
}

static void *
begin (Request *request, int type, int flags, size_t size)
{
  memset (request, 0, sizeof *request);
  request->header.nlmsg_type = (uint16_t) type;
  request->header.nlmsg_flags = (uint16_t) (NLM_F_REQUEST | NLM_F_ACK | flags);
  request->header.nlmsg_len = (uint32_t) NLMSG_LENGTH (size);
  return NLMSG_DATA (&request->header);
}

/* Nothing added here comes near the request's size. */
static void
add (Request *request, int type, const void *data, size_t size)
{
  struct rtattr *attribute =
      (struct rtattr *) (request->bytes + NLMSG_ALIGN (request->header.nlmsg_len));

  attribute->rta_type = (uint16_t) type;
  attribute->rta_len = (uint16_t) RTA_LENGTH (size);
  memcpy (RTA_DATA (attribute), data, size);
  request->header.nlmsg_len =
      (uint32_t) (NLMSG_ALIGN (request->header.nlmsg_len) + RTA_ALIGN (attribute->rta_len));
}

static bool
call (int fd, Request *request)
{
  union
  {
    struct nlmsghdr header;
    uint8_t bytes[4096];
  } answer;
  struct nlmsgerr *error = NLMSG_DATA (&answer.header);
  ssize_t n;

  if (send (fd, request->bytes, request->header.nlmsg_len, 0) < 0)
    return false;
  n = recv (fd, answer.bytes, sizeof answer, 0);
  if (n < 0)
    return false;
  if ((size_t) n < NLMSG_LENGTH (sizeof *error) || answer.header.nlmsg_type != NLMSG_ERROR)
    {
      errno = EPROTO;
      return false;
    }
  errno = -error->error;
  return error->error == 0;
}

bool
bh_rtnl_set_link (int fd, int index, const char *name, unsigned mtu, bool up)
{
  Request request;
  struct ifinfomsg *info = begin (&request, RTM_NEWLINK, 0, sizeof *info);
  uint32_t value = mtu;

  info->ifi_index = index;
  info->ifi_change = IFF_UP;
  info->ifi_flags = up ? IFF_UP : 0;
  if (name)
    add (&request, IFLA_IFNAME, name, strlen (name) + 1);
  if (mtu)
    add (&request, IFLA_MTU, &value, sizeof value);
  return call (fd, &request);
}

static size_t
size_of (const BhNetAddress *address)
{
  return address->family == AF_INET ? 4 : 16;
}

static bool
change_address (int fd, int index, const BhNetAddress *address, int type, int flags)
{
  Request request;
  struct ifaddrmsg *info = begin (&request, type, flags, sizeof *info);

  info->ifa_family = (uint8_t) address->family;
  info->ifa_prefixlen = (uint8_t) address->length;
  /* Nobody else on the link has it: looking for others would only take a second. */
  info->ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0;
  info->ifa_index = (uint32_t) index;
  add (&request, IFA_LOCAL, address->bytes, size_of (address));
  add (&request, IFA_ADDRESS, address->bytes, size_of (address));
  return call (fd, &request);
}

bool
bh_rtnl_add_address (int fd, int index, const BhNetAddress *address)
{
  return change_address (fd, index, address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
}

bool
bh_rtnl_remove_address (int fd, int index, const BhNetAddress *address)
{
  return change_address (fd, index, address, RTM_DELADDR, 0);
}

bool
bh_rtnl_add_route (int fd, int index, const BhNetAddress *to, const BhNetAddress *gateway)
{
  Request request;
  struct rtmsg *info = begin (&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *info);
  uint32_t interface = (uint32_t) index;

  if (to && to->family != gateway->family)
    {
      errno = EINVAL;
      return false;
    }
  info->rtm_family = (uint8_t) gateway->family;
  info->rtm_dst_len = to ? (uint8_t) to->length : 0;
  info->rtm_table = RT_TABLE_MAIN;
  info->rtm_protocol = RTPROT_STATIC;
  info->rtm_scope = RT_SCOPE_UNIVERSE;
  info->rtm_type = RTN_UNICAST;
  info->rtm_flags = RTNH_F_ONLINK; /* the gateway need not be within an address's prefix */
  if (to)
    add (&request, RTA_DST, to->bytes, size_of (to));
  add (&request, RTA_GATEWAY, gateway->bytes, size_of (gateway));
  add (&request, RTA_OIF, &interface, sizeof interface);
  return call (fd, &request);
}
