/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the screen of a virtual machine without programs of ours and the window gate: a whole desktop as one window.
 *
 * To QEMU it is a client of its VNC display; to bulkhead-proxy it is a guest, with one program (the
 * desktop) and one window. So what QEMU says, which a guest may have taken over, is read here, and what this program
 * says is believed no more than what any guest says: whoever takes it over has gained nothing.
 *
 * Should: keep going whatever the guest shows. Mustn't: open, connect or start anything; look at what is
 * on the screen; hold more memory than two screens of the largest size.
 *
 * Descriptors: 3 QEMU (RFB), 4 bulkhead-proxy (the wire), 5 the shared region. Arguments: the window's title, and
 * the launch whose window was open before, or 0. It ends when one of its sides does. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bh-confine.h"
#include "bh-few-calls.h"
#include "bh-screen.h"

#define QEMU_FD 3
#define PROXY_FD 4
#define REGION_FD 5
/* Taken in before anybody else gets a turn. */
#define READ_BYTES 65536
#define READS 64

void
bh_screen_say (const char *text)
{
  bh_few_calls_say ("bulkhead-screen", text);
}

static _Noreturn void
end (int code, const char *why)
{
  if (why)
    bh_screen_say (why);
  _exit (code);
}

uint64_t
bh_screen_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

void
bh_screen_send (BhScreen *screen, BhMessageType type, const void *message)
{
  BhWireStatus status = bh_channel_send (screen->channel, type, message);

  if (status != BH_WIRE_OK)
    end (1, bh_wire_status_name (status));
}

/* QEMU's side. */

static void
on_resized (void *data)
{
  bh_view_resized (data);
}

static void
on_changed (void *data, const BhRfbRect *rect)
{
  bh_view_changed (data, rect);
}

static void
on_cursor (void *data, const BhRfbCursor *cursor)
{
  bh_input_set_cursor (data, cursor);
}

/* The first picture is the sign of life that hello is. */
static void
on_updated (void *data)
{
  BhScreen *screen = data;

  screen->asked = false;
  if (screen->greeted)
    return;
  screen->greeted = true;
  BH_SEND (screen, HELLO, hello, .magic = BH_WIRE_MAGIC, .version = BH_WIRE_VERSION,
           .build = bh_str ("screen"), .region_bytes = screen->region_size);
}

static const BhRfbFuncs funcs = { on_resized, on_changed, on_cursor, on_updated };

static void
read_qemu (BhScreen *screen)
{
  static uint8_t bytes[READ_BYTES];

  for (unsigned i = 0; i < READS; i++)
    {
      ssize_t n = recv (QEMU_FD, bytes, sizeof bytes, MSG_DONTWAIT);

      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
      if (n <= 0)
        end (0, NULL);
      if (!bh_rfb_feed (&screen->rfb, bytes, (size_t) n))
        end (1, screen->rfb.failed);
    }
}

static void
write_qemu (BhScreen *screen)
{
  BhRfb *rfb = &screen->rfb;
  ssize_t n;

  if (rfb->failed)
    end (1, rfb->failed);
  if (rfb->queued == 0)
    return;
  n = send (QEMU_FD, rfb->out, rfb->queued, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    end (0, NULL);
  if (n <= 0)
    return;
  rfb->queued -= (size_t) n;
  memmove (rfb->out, rfb->out + n, rfb->queued);
}

/* The proxy's side. */

static void
configure (BhScreen *screen)
{
  BH_SEND (screen, CONFIGURED, configured, .status = BH_CONFIGURED_OK, .detail = bh_str (""));
  if (!screen->configured && screen->launch)
    bh_view_open (screen, screen->launch);
  screen->configured = true;
}

static void
launch (BhScreen *screen, uint32_t id)
{
  BH_SEND (screen, LAUNCHED, launched, .id = id, .status = BH_LAUNCH_OK, .detail = bh_str (""));
  bh_view_open (screen, id);
}

static void
handle (BhScreen *screen, const BhMessage *message)
{
  switch (message->type)
    {
    case BH_MSG_CONFIGURE:
      configure (screen);
      break;
    case BH_MSG_LAUNCH:
      launch (screen, message->launch.id);
      break;
    case BH_MSG_TERMINATE:
      if (screen->view.id && screen->view.launch == message->terminate.id)
        {
          bh_view_close (screen, 0);
          BH_SEND (screen, IDLE, idle, ._end = { 0 });
        }
      break;
    case BH_MSG_PING:
      BH_SEND (screen, PONG, pong, .cookie = message->ping.cookie);
      break;
    case BH_MSG_NETWORK:
      /* Whoever is in there sees to it, by DHCP. */
      BH_SEND (screen, NETWORK_STATE, network_state, .slot = message->network.slot,
               .status = BH_NETWORK_UP, .detail = bh_str (""));
      break;
    case BH_MSG_OUTPUT:
      bh_view_output (screen, &message->output);
      break;
    case BH_MSG_WINDOW_CONFIGURE:
    case BH_MSG_WINDOW_CLOSE:
    case BH_MSG_WINDOW_REFUSED:
    case BH_MSG_SLOTS:
    case BH_MSG_SLOT_FREE:
    case BH_MSG_FRAME_DONE:
      bh_view_message (screen, message);
      break;
    default:
      bh_input_message (screen, message);
    }
}

static void
read_proxy (BhScreen *screen)
{
  BhWireStatus status = bh_channel_receive (screen->channel);
  BhMessage message;

  if (status == BH_WIRE_OK)
    while ((status = bh_channel_next (screen->channel, &message)) == BH_WIRE_OK)
      handle (screen, &message);
  if (status != BH_WIRE_AGAIN)
    end (status != BH_WIRE_CLOSED, status != BH_WIRE_CLOSED ? bh_wire_status_name (status) : NULL);
}

static void
write_proxy (BhScreen *screen)
{
  BhWireStatus status = bh_channel_flush (screen->channel);

  if (status != BH_WIRE_OK)
    end (0, NULL);
}

static void
set_up (BhScreen *screen, char **argv)
{
  struct stat st;
  char *rest;

  screen->title = argv[1];
  screen->launch = (uint32_t) strtoul (argv[2], &rest, 10);
  if (*rest)
    end (2, "the launch is not a number");
  if (fstat (REGION_FD, &st) != 0 || st.st_size < 4096)
    end (2, "there is no shared region");
  screen->region_size = (size_t) st.st_size;
  screen->region = mmap (NULL, screen->region_size, PROT_READ | PROT_WRITE, MAP_SHARED, REGION_FD, 0);
  screen->channel = bh_channel_new (PROXY_FD, BH_SIDE_GUEST);
  if (screen->region == MAP_FAILED || !screen->channel)
    end (1, "no memory");
  bh_rfb_init (&screen->rfb, &funcs, screen);
  bh_input_init (&screen->input);
}

int
main (int argc, char **argv)
{
  static BhScreen screen;
  int type;
  socklen_t size = sizeof type;

  if (argc != 3 || getsockopt (QEMU_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0
      || getsockopt (PROXY_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
    end (2, "only bulkhead-service can start it");
  signal (SIGPIPE, SIG_IGN);
  set_up (&screen, argv);
  if (!bh_confine ())
    end (1, "this kernel cannot confine it (seccomp)");
  for (;;)
    {
      struct pollfd fds[] = { { .fd = QEMU_FD, .events = POLLIN },
                              { .fd = PROXY_FD, .events = POLLIN } };
      int wait = bh_input_repeat (&screen);

      bh_view_go_on (&screen);
      write_qemu (&screen);
      write_proxy (&screen);
      if (screen.rfb.queued > 0)
        fds[0].events |= POLLOUT;
      if (bh_channel_wants_write (screen.channel))
        fds[1].events |= POLLOUT;
      if (poll (fds, 2, wait) < 0 && errno != EINTR)
        end (1, "waiting failed");
      if (fds[1].revents & (POLLIN | POLLHUP | POLLERR))
        read_proxy (&screen);
      if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
        read_qemu (&screen);
    }
}
