/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way to the host: the byte channel and the shared region. */
#include "bh-link.h"

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT_NAME "io.github.bulkhead.wire"
/* A guest that was frozen while it waits finds somebody there at once; one that lost its desktop has time. */
#define RETRY_MS 4
#define LATER_MS 40
/* Ten seconds. */
#define EARLY_TRIES 2500
/* Longer than it takes to freeze a guest (the service's bh-freeze.c). */
#define EAGER_US 1500000
#define CONGESTED (BH_STREAM_QUEUE / 2)

struct _BhLink
{
  struct wl_event_loop *loop;
  const BhLinkFuncs *funcs;
  void *data;
  BhChannel *channel; /* NULL while nobody is there */
  struct wl_event_source *source, *retry;
  unsigned tries; /* to find somebody there */
  bool eager;
  int64_t eager_until; /* of g_get_monotonic_time() */
  uint32_t mask;
  char *port;  /* NULL in pair mode */
  int waiting; /* pair: until started; VM: the port, until its other end is there; else -1 */
  uint8_t *region;
  size_t region_size;
  bool trace; /* $BULKHEAD_TRACE: say every message's name */
};

static void
map_region (BhLink *link, int fd)
{
  struct stat st;
  void *memory;

  if (fstat (fd, &st) == 0 && st.st_size > 0)
    {
      memory = mmap (NULL, (size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (memory != MAP_FAILED)
        {
          link->region = memory;
          link->region_size = (size_t) st.st_size;
        }
      else
        g_warning ("Cannot map the shared region: %m");
    }
  close (fd);
}

static bool
file_is (const char *dir, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (dir, name, NULL), *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strcmp (g_strchomp (text), content) == 0;
}

/* QEMU's ivshmem-plain: its memory is the second bar. */
static void
find_region (BhLink *link)
{
  g_autoptr (GDir) dir = g_dir_open ("/sys/bus/pci/devices", 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *device = g_build_filename ("/sys/bus/pci/devices", name, NULL);
      g_autofree char *enable = g_build_filename (device, "enable", NULL);
      g_autofree char *resource = g_build_filename (device, "resource2", NULL);
      int fd;

      if (!file_is (device, "vendor", "0x1af4") || !file_is (device, "device", "0x1110"))
        continue;
      fd = open (enable, O_WRONLY | O_CLOEXEC);
      if (fd < 0 || write (fd, "1", 1) != 1)
        g_warning ("Cannot enable %s: %m", device);
      if (fd >= 0)
        close (fd);
      fd = open (resource, O_RDWR | O_CLOEXEC);
      if (fd >= 0)
        {
          map_region (link, fd);
          return;
        }
      g_warning ("Cannot open %s: %m", resource);
    }
}

static char *
find_port (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/sys/class/virtio-ports", 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *device = g_build_filename ("/sys/class/virtio-ports", name, NULL);

      if (file_is (device, "name", PORT_NAME))
        return g_build_filename ("/dev", name, NULL);
    }
  return NULL;
}

static BhLink *
link_new (struct wl_event_loop *loop, const BhLinkFuncs *funcs, void *data)
{
  BhLink *link = g_new0 (BhLink, 1);

  link->loop = loop;
  link->funcs = funcs;
  link->data = data;
  link->waiting = -1;
  link->trace = g_getenv ("BULKHEAD_TRACE") != NULL;
  return link;
}

BhLink *
bh_link_new_vm (struct wl_event_loop *loop, const BhLinkFuncs *funcs, void *data)
{
  char *port = find_port ();
  BhLink *link;

  if (!port)
    return NULL;
  link = link_new (loop, funcs, data);
  link->port = port;
  find_region (link);
  return link;
}

BhLink *
bh_link_new_port (struct wl_event_loop *loop, const char *port, int region_fd,
                  const BhLinkFuncs *funcs, void *data)
{
  BhLink *link = link_new (loop, funcs, data);

  link->port = g_strdup (port);
  if (region_fd >= 0)
    map_region (link, region_fd);
  return link;
}

BhLink *
bh_link_new_pair (struct wl_event_loop *loop, int fd, int region_fd, const BhLinkFuncs *funcs,
                  void *data)
{
  BhLink *link = link_new (loop, funcs, data);

  link->waiting = fd;
  fcntl (fd, F_SETFD, FD_CLOEXEC);
  if (region_fd >= 0)
    map_region (link, region_fd);
  return link;
}

/* Names and leading numbers only: texts and pictures are the user's. */
static void
trace (BhLink *link, const char *way, BhMessageType type, const void *message)
{
  const BhMessageInfo *info = bh_message_info (type);
  const uint32_t *numbers = message;

  if (!link->trace)
    return;
  g_printerr ("%" G_GINT64_FORMAT " %s %s", g_get_monotonic_time () / 1000 % 1000000, way,
              info->name);
  for (unsigned i = 0; i < MIN (info->n_fields, 9); i++)
    {
      if (info->fields[i].kind != BH_FIELD_U32 && info->fields[i].kind != BH_FIELD_I32)
        break;
      g_printerr (" %s=%d", info->fields[i].name, (int) numbers[i]);
    }
  g_printerr ("\n");
}

static void
drop (BhLink *link)
{
  if (link->source)
    wl_event_source_remove (link->source);
  link->source = NULL;
  g_clear_pointer (&link->channel, bh_channel_free);
  if (link->waiting >= 0)
    close (link->waiting);
  link->waiting = -1;
}

void
bh_link_free (BhLink *link)
{
  drop (link);
  if (link->retry)
    wl_event_source_remove (link->retry);
  if (link->region)
    munmap (link->region, link->region_size);
  g_free (link->port);
  g_free (link);
}

static void
lost (BhLink *link, BhWireStatus status)
{
  if (status != BH_WIRE_CLOSED)
    g_warning ("The host's connection has ended: %s", bh_wire_status_name (status));
  drop (link);
  link->funcs->disconnected (link->data, link->port == NULL);
  link->eager_until = link->eager ? g_get_monotonic_time () + EAGER_US : 0;
  if (link->port)
    bh_link_start (link);
}

static int
ready (int fd, uint32_t mask, void *data)
{
  BhLink *link = data;
  BhMessage message;
  BhWireStatus status = BH_WIRE_AGAIN;

  if (mask & (WL_EVENT_READABLE | WL_EVENT_HANGUP | WL_EVENT_ERROR))
    {
      status = bh_channel_receive (link->channel);
      if (status == BH_WIRE_OK)
        {
          while ((status = bh_channel_next (link->channel, &message)) == BH_WIRE_OK)
            {
              trace (link, "<-", message.type, &message.hello);
              link->funcs->message (link->data, &message);
            }
        }
      else if (status == BH_WIRE_AGAIN && (mask & WL_EVENT_HANGUP))
        status = BH_WIRE_CLOSED;
      if (status != BH_WIRE_AGAIN)
        lost (link, status);
    }
  return 0;
}

static void
connect_now (BhLink *link, int fd)
{
  link->channel = bh_channel_new (fd, BH_SIDE_GUEST);
  if (!link->channel)
    g_error ("Out of memory");
  link->mask = WL_EVENT_READABLE;
  link->source = wl_event_loop_add_fd (link->loop, fd, link->mask, ready, link);
  link->funcs->connected (link->data);
}

/* The port hangs up until the host's end is open. */
static bool
host_is_there (BhLink *link)
{
  struct pollfd p = { .events = POLLIN | POLLOUT };

  if (link->waiting < 0)
    link->waiting = open (link->port, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  p.fd = link->waiting;
  return p.fd >= 0 && poll (&p, 1, 0) >= 0 && !(p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static int
retry (void *data)
{
  BhLink *link = data;
  bool there = host_is_there (link);

  while (!there && g_get_monotonic_time () < link->eager_until)
    there = host_is_there (link);
  link->eager_until = 0;
  if (there)
    {
      int fd = link->waiting;

      link->waiting = -1;
      link->tries = 0;
      connect_now (link, fd);
    }
  else
    {
      wl_event_source_timer_update (link->retry, link->tries < EARLY_TRIES ? RETRY_MS : LATER_MS);
      if (++link->tries == EARLY_TRIES)
        link->funcs->alone (link->data);
    }
  return 0;
}

void
bh_link_start (BhLink *link)
{
  if (!link->port)
    {
      int fd = link->waiting;

      link->waiting = -1;
      connect_now (link, fd);
      return;
    }
  if (!link->retry)
    link->retry = wl_event_loop_add_timer (link->loop, retry, link);
  retry (link);
}

void
bh_link_set_eager (BhLink *link, bool eager)
{
  link->eager = eager;
}

bool
bh_link_is_connected (const BhLink *link)
{
  return link->channel != NULL;
}

size_t
bh_link_get_queued (const BhLink *link, BhStreamId stream)
{
  return link->channel ? bh_channel_get_queued (link->channel, stream) : 0;
}

bool
bh_link_is_congested (const BhLink *link)
{
  return bh_link_get_queued (link, BH_STREAM_DISPLAY) > CONGESTED;
}

bool
bh_link_send (BhLink *link, BhMessageType type, const void *message)
{
  BhWireStatus status;

  if (!link->channel)
    return false;
  trace (link, "->", type, message);
  status = bh_channel_send (link->channel, type, message);
  if (status == BH_WIRE_OK)
    return true;
  g_warning ("Cannot send %s: %s", bh_message_info (type)->name, bh_wire_status_name (status));
  return false;
}

void
bh_link_flush (BhLink *link)
{
  BhWireStatus status;
  uint32_t mask;

  if (!link->channel)
    return;
  status = bh_channel_flush (link->channel);
  if (status != BH_WIRE_OK)
    {
      lost (link, status);
      return;
    }
  /* May queue more, which the mask then sees to. */
  link->funcs->drained (link->data);
  mask = WL_EVENT_READABLE | (bh_channel_wants_write (link->channel) ? WL_EVENT_WRITABLE : 0);
  if (mask != link->mask)
    wl_event_source_fd_update (link->source, mask);
  link->mask = mask;
}

uint8_t *
bh_link_get_region (const BhLink *link, size_t *size)
{
  *size = link->region_size;
  return link->region;
}
