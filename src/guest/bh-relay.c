/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Passes local connections on to another socket, with the descriptors they carry.
 *
 * Theory of operation: each side holds what was read from it until the other has taken it, and is not read meanwhile; so
 * a side that does not read costs one buffer and makes its other side wait. Descriptors go with the first byte they came
 * with, as the kernel keeps them. */
#include "bh-relay.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK 32768
#define MAX_FDS 253 /* SCM_MAX_FD of the kernel */
#define MAX_PAIRS 256

typedef struct _Pair Pair;

typedef struct
{
  Pair *pair;
  int fd;
  struct wl_event_source *source; /* NULL once it has hung up, while the other side still takes */
  uint32_t mask;
  uint8_t data[CHUNK]; /* read here, and not taken by the other side */
  size_t start, length;
  int fds[MAX_FDS];
  unsigned n_fds;
} Side;

struct _Pair
{
  struct wl_list link;
  BhRelay *relay;
  Side sides[2];
};

struct _BhRelay
{
  struct wl_event_loop *loop;
  int listening;
  struct sockaddr_un address;
  struct wl_event_source *source;
  struct wl_list pairs;
  unsigned n_pairs;
};

static void watch_listening (BhRelay *relay);

static void
close_fds (Side *side)
{
  for (unsigned i = 0; i < side->n_fds; i++)
    close (side->fds[i]);
  side->n_fds = 0;
}

static void
close_pair (Pair *pair)
{
  for (unsigned i = 0; i < 2; i++)
    {
      Side *side = &pair->sides[i];

      if (side->source)
        wl_event_source_remove (side->source);
      close_fds (side);
      close (side->fd);
    }
  wl_list_remove (&pair->link);
  pair->relay->n_pairs--;
  watch_listening (pair->relay);
  g_free (pair);
}

/* False when nothing more comes from @side. */
static bool
read_side (Side *side)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control;
  struct iovec vec = { side->data, CHUNK };
  struct msghdr message = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof control };
  ssize_t size = recvmsg (side->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

  if (size < 0)
    return errno == EAGAIN || errno == EINTR;
  for (struct cmsghdr *c = CMSG_FIRSTHDR (&message); c; c = CMSG_NXTHDR (&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
      {
        unsigned count = (unsigned) ((c->cmsg_len - CMSG_LEN (0)) / sizeof (int));

        memcpy (side->fds + side->n_fds, CMSG_DATA (c), count * sizeof (int));
        side->n_fds += count;
      }
  side->start = 0;
  side->length = (size_t) size;
  return size > 0 && !(message.msg_flags & MSG_CTRUNC);
}

/* False when @to takes nothing any more. */
static bool
write_side (Side *from, Side *to)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control = { 0 };
  struct iovec vec = { from->data + from->start, from->length };
  struct msghdr message = { .msg_iov = &vec, .msg_iovlen = 1 };
  ssize_t size;

  if (from->n_fds > 0)
    {
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (from->n_fds * sizeof (int));
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (from->n_fds * sizeof (int));
      memcpy (CMSG_DATA (&control.header), from->fds, from->n_fds * sizeof (int));
    }
  size = sendmsg (to->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size < 0)
    return errno == EAGAIN || errno == EINTR;
  close_fds (from);
  from->start += (size_t) size;
  from->length -= (size_t) size;
  return true;
}

static bool
pass_on (Side *from, Side *to)
{
  do
    {
      if (from->length == 0 && !read_side (from))
        return false;
      if (from->length == 0)
        return true;
      if (!write_side (from, to))
        return false;
    }
  /* Nothing tells any more that there is more of one that has hung up. */
  while (!from->source && from->length == 0);
  return true;
}

static void
update_mask (Side *side, const Side *other)
{
  uint32_t mask = (side->length == 0 ? WL_EVENT_READABLE : 0)
                  | (other->length > 0 ? WL_EVENT_WRITABLE : 0);

  if (side->source && mask != side->mask)
    wl_event_source_fd_update (side->source, mask);
  side->mask = mask;
}

static int
side_ready (int fd, uint32_t mask, void *data)
{
  Side *side = data;
  Pair *pair = side->pair;
  Side *other = &pair->sides[side == pair->sides];

  /* The kernel would go on saying so until the other has taken what was read. */
  if (mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR) && side->length > 0)
    g_clear_pointer (&side->source, wl_event_source_remove);
  if (!pass_on (side, other) || !pass_on (other, side))
    {
      close_pair (pair);
      return 0;
    }
  update_mask (side, other);
  update_mask (other, side);
  return 0;
}

static int
came (int fd, uint32_t mask, void *data)
{
  BhRelay *relay = data;
  int near = accept4 (relay->listening, NULL, NULL, SOCK_CLOEXEC);
  int far = near < 0 ? -1 : socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Pair *pair;

  if (near < 0)
    return 0;
  if (far < 0 || connect (far, (struct sockaddr *) &relay->address, sizeof relay->address) < 0)
    {
      g_warning ("Cannot connect to %s: %m", relay->address.sun_path);
      close (near);
      if (far >= 0)
        close (far);
      return 0;
    }
  pair = g_new0 (Pair, 1);
  pair->relay = relay;
  wl_list_insert (&relay->pairs, &pair->link);
  relay->n_pairs++;
  for (unsigned i = 0; i < 2; i++)
    {
      Side *side = &pair->sides[i];

      side->pair = pair;
      side->fd = i == 0 ? near : far;
      side->mask = WL_EVENT_READABLE;
      side->source =
          wl_event_loop_add_fd (relay->loop, side->fd, side->mask, side_ready, side);
    }
  watch_listening (relay);
  return 0;
}

static void
watch_listening (BhRelay *relay)
{
  bool wanted = relay->n_pairs < MAX_PAIRS;

  if (!wanted && relay->source)
    g_clear_pointer (&relay->source, wl_event_source_remove);
  else if (wanted && !relay->source)
    relay->source =
        wl_event_loop_add_fd (relay->loop, relay->listening, WL_EVENT_READABLE, came, relay);
}

BhRelay *
bh_relay_new (struct wl_event_loop *loop, int listening, const char *path)
{
  BhRelay *relay = g_new0 (BhRelay, 1);

  relay->loop = loop;
  relay->listening = listening;
  relay->address.sun_family = AF_UNIX;
  g_strlcpy (relay->address.sun_path, path, sizeof relay->address.sun_path);
  wl_list_init (&relay->pairs);
  watch_listening (relay);
  return relay;
}

void
bh_relay_free (BhRelay *relay)
{
  Pair *pair, *next;

  wl_list_for_each_safe (pair, next, &relay->pairs, link)
    close_pair (pair);
  g_clear_pointer (&relay->source, wl_event_source_remove);
  g_free (relay);
}
