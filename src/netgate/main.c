/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between one network interface of a virtual machine and the network: lets through what the owner of the
 * AppVM allows, counts, and knows whom it talks to.
 *
 * Should: keep going whatever the guest sends, and whatever becomes of the network's side.
 * Should: tell the guest of what it may not reach.
 * Should: let nothing through before it has been told what, and end when the service ends.
 * Mustn't: open, connect or start anything; hold more memory than at its start.
 *
 * Descriptors: 3 the service (a socket of datagrams in order), 4 QEMU (its netdev "socket"). A message of the
 * service is text; its first line says what it is:
 *   policy   the rest as in bh-policy.h. With a descriptor: the network's side from now on, a stream
 *            socket to passt or to another QEMU. With "no-network" instead: there is none now.
 *   report   answered by "report", then lines: in BYTES, out BYTES, dropped UNKNOWN SPOOFED BLOCKED,
 *            peer PROTOCOL ADDRESS PORT IN OUT (those of the last minute)
 * What it says unasked: "network-gone" when the network's side has closed. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bh-confine.h"
#include "bh-few-calls.h"
#include "bh-flow.h"
#include "bh-peers.h"
#include "bh-refusal.h"

#define SERVICE_FD 3
#define GUEST_FD 4
#define REPORT_BYTES 32768
#define PEER_MS 60000

static struct
{
  BhPolicy policy;
  int network; /* -1: none */
  BhFlow up, down;
  uint64_t bytes_in, bytes_out, dropped[BH_FRAME_N_VERDICTS];
} gate = { .network = -1 };

static _Noreturn void
end (int code, const char *why)
{
  if (why)
    bh_few_calls_say ("bulkhead-netgate", why);
  _exit (code);
}

static uint64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* So that programs in the guest fail at once instead of waiting for an answer. */
static void
refuse (const uint8_t *frame, size_t length)
{
  uint8_t answer[BH_REFUSAL_MAX];
  size_t n = bh_refusal_write (&gate.policy, frame, length, answer);

  if (n > 0 && bh_refusal_may (now_ms ()))
    bh_flow_add (&gate.down, answer, n);
}

/* From the guest. */
static bool
may_leave (const uint8_t *frame, size_t length)
{
  BhPeerKey peer;
  BhVerdict verdict = bh_frame_check (&gate.policy, frame, length, &peer);

  /* While there is no network at all, what is begun may still come to an end later. */
  if (verdict == BH_FRAME_BLOCKED && gate.policy.open && gate.network >= 0)
    refuse (frame, length);
  if (verdict == BH_FRAME_PASS && (!gate.policy.open || gate.network < 0))
    verdict = BH_FRAME_BLOCKED;
  if (verdict != BH_FRAME_PASS)
    {
      gate.dropped[verdict]++;
      return false;
    }
  gate.bytes_out += length;
  bh_peers_count (&peer, false, length, now_ms ());
  return true;
}

static bool
may_enter (const uint8_t *frame, size_t length)
{
  BhPeerKey peer;

  if (!gate.policy.open)
    return false;
  bh_frame_describe (frame, length, &peer);
  gate.bytes_in += length;
  bh_peers_count (&peer, true, length, now_ms ());
  return true;
}

static void
tell (const char *text, size_t length)
{
  if (send (SERVICE_FD, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN)
    end (0, NULL);
}

static void
lose_network (void)
{
  if (gate.network < 0)
    return;
  close (gate.network);
  gate.network = -1;
  /* Half a frame of the old side must not be continued by the new one. What is complete for the guest
   * still gets there. */
  bh_flow_drop_out (&gate.up);
  gate.down.in_length = 0;
}

static void
report (void)
{
  static char text[REPORT_BYTES];
  int n = snprintf (text, sizeof text, "report\nin %llu\nout %llu\ndropped %llu %llu %llu\n",
                    (unsigned long long) gate.bytes_in, (unsigned long long) gate.bytes_out,
                    (unsigned long long) gate.dropped[BH_FRAME_UNKNOWN],
                    (unsigned long long) gate.dropped[BH_FRAME_SPOOFED],
                    (unsigned long long) gate.dropped[BH_FRAME_BLOCKED]);
  size_t used = (size_t) n;

  used += bh_peers_print (text + used, sizeof text - used, now_ms (), PEER_MS);
  tell (text, used);
}

/* Takes @fd. */
static void
order (const char *text, size_t length, int fd)
{
  static const char policy[] = "policy\n", none[] = "no-network\n";

  if (length == strlen ("report") && memcmp (text, "report", length) == 0)
    report ();
  else if (length >= sizeof policy - 1 && memcmp (text, policy, sizeof policy - 1) == 0)
    {
      text += sizeof policy - 1;
      length -= sizeof policy - 1;
      if (length >= sizeof none - 1 && memcmp (text, none, sizeof none - 1) == 0)
        {
          lose_network ();
          text += sizeof none - 1;
          length -= sizeof none - 1;
        }
      if (!bh_policy_read (text, length, &gate.policy))
        end (1, "an order that is not understood");
      if (fd >= 0)
        {
          lose_network ();
          gate.network = fd;
          return;
        }
    }
  else
    end (1, "an order that is not understood");
  if (fd >= 0)
    close (fd);
}

static void
read_order (void)
{
  static char text[BH_POLICY_MAX_TEXT + 16];
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control;
  struct iovec part = { text, sizeof text };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  ssize_t n = recvmsg (SERVICE_FD, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  struct cmsghdr *header;
  int fd = -1;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    end (0, NULL);
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
    end (1, "an order that is too long");
  header = CMSG_FIRSTHDR (&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
      && header->cmsg_len == CMSG_LEN (sizeof fd))
    memcpy (&fd, CMSG_DATA (header), sizeof fd);
  order (text, (size_t) n, fd);
}

static void
guest_failed (BhFlowStatus status)
{
  if (status == BH_FLOW_CLOSED)
    end (0, NULL);
  if (status == BH_FLOW_BROKEN)
    end (1, "QEMU sent a frame of an impossible length");
}

static void
network_failed (BhFlowStatus status)
{
  if (status == BH_FLOW_OK)
    return;
  lose_network ();
  tell ("network-gone", strlen ("network-gone"));
}

/* @guest, @network: what poll() said of them. */
static void
move_frames (short guest, short network)
{
  /* With no room for more, a closed socket would be said to be ready again and again. */
  if (guest & (POLLHUP | POLLERR) && !bh_flow_wants_in (&gate.up))
    guest_failed (BH_FLOW_CLOSED);
  if (network & (POLLHUP | POLLERR) && !bh_flow_wants_in (&gate.down))
    network_failed (BH_FLOW_CLOSED);
  if (guest & (POLLIN | POLLHUP | POLLERR))
    guest_failed (bh_flow_receive (&gate.up, GUEST_FD, may_leave));
  if (gate.network >= 0 && network & (POLLIN | POLLHUP | POLLERR))
    network_failed (bh_flow_receive (&gate.down, gate.network, may_enter));
  if (gate.network >= 0 && bh_flow_wants_out (&gate.up))
    {
      network_failed (bh_flow_send (&gate.up, gate.network));
      guest_failed (bh_flow_sort (&gate.up, may_leave));
    }
  if (bh_flow_wants_out (&gate.down))
    {
      guest_failed (bh_flow_send (&gate.down, GUEST_FD));
      network_failed (bh_flow_sort (&gate.down, may_enter));
    }
}

int
main (int argc, char **argv)
{
  int type;
  socklen_t size = sizeof type;

  if (argc != 1 || getsockopt (SERVICE_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0
      || type != SOCK_SEQPACKET || getsockopt (GUEST_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0
      || type != SOCK_STREAM)
    end (2, "only bulkhead-service can start it");
  signal (SIGPIPE, SIG_IGN);
  if (!bh_confine ())
    end (1, "this kernel cannot confine it (seccomp)");
  for (;;)
    {
      struct pollfd fds[] = {
        { .fd = SERVICE_FD, .events = POLLIN },
        { .fd = GUEST_FD },
        { .fd = gate.network },
      };

      if (bh_flow_wants_in (&gate.up))
        fds[1].events |= POLLIN;
      if (bh_flow_wants_out (&gate.down))
        fds[1].events |= POLLOUT;
      if (bh_flow_wants_in (&gate.down))
        fds[2].events |= POLLIN;
      if (bh_flow_wants_out (&gate.up))
        fds[2].events |= POLLOUT;
      if (poll (fds, 3, -1) < 0 && errno != EINTR)
        end (1, "waiting failed");
      /* An order that closes comes before the frames that came with it. */
      if (fds[0].revents)
        read_order ();
      else
        move_frames (fds[1].revents, fds[2].revents);
    }
}
