/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Channels over a socketpair: order, credit, fairness between streams, and peers that break the rules. */
#include "sample.h"

#include "bh-stream.h"

#include <errno.h>
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  BhChannel *host, *guest;
  int host_fd, guest_fd;
} Pair;

static Pair
pair_new (void)
{
  Pair pair;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  pair.host = bh_channel_new (fds[0], BH_SIDE_HOST);
  pair.guest = bh_channel_new (fds[1], BH_SIDE_GUEST);
  pair.host_fd = fds[0];
  pair.guest_fd = fds[1];
  return pair;
}

static void
pair_clear (Pair *pair)
{
  bh_channel_free (pair->host);
  bh_channel_free (pair->guest);
}

static void
send_pong (BhChannel *channel, uint32_t cookie)
{
  const bh_msg_pong pong = { .cookie = cookie };

  g_assert_cmpint (bh_channel_send (channel, BH_MSG_PONG, &pong), ==, BH_WIRE_OK);
}

static BhWireStatus
send_pixels (BhChannel *channel, uint32_t offset)
{
  static uint8_t data[BH_MAX_PIXEL_BYTES];
  const bh_msg_pixels pixels = { .window = 1, .generation = 1, .offset = offset,
                                 .data = { data, sizeof data } };

  return bh_channel_send (channel, BH_MSG_PIXELS, &pixels);
}

/* Move bytes until nothing moves any more; messages are taken only with @take. */
static guint
settle (BhChannel *from, BhChannel *to, gboolean take, BhMessageType type)
{
  guint taken = 0;
  gboolean moved;

  do
    {
      BhMessage message;
      BhWireStatus status;

      g_assert_cmpint (bh_channel_flush (from), ==, BH_WIRE_OK);
      moved = bh_channel_receive (to) == BH_WIRE_OK;
      while (take && (status = bh_channel_next (to, &message)) == BH_WIRE_OK)
        taken += message.type == type;
      g_assert_cmpint (bh_channel_flush (to), ==, BH_WIRE_OK);
      if (bh_channel_receive (from) == BH_WIRE_OK)
        g_assert_cmpint (bh_channel_next (from, &message), ==, BH_WIRE_AGAIN);
    }
  while (moved);
  return taken;
}

static void
test_in_order (void)
{
  Pair pair = pair_new ();
  BhMessage message;

  for (uint32_t i = 0; i < 100; i++)
    send_pong (pair.guest, i);
  bh_channel_flush (pair.guest);
  g_assert_cmpint (bh_channel_receive (pair.host), ==, BH_WIRE_OK);
  for (uint32_t i = 0; i < 100; i++)
    {
      g_assert_cmpint (bh_channel_next (pair.host, &message), ==, BH_WIRE_OK);
      g_assert_cmpint (message.type, ==, BH_MSG_PONG);
      g_assert_cmpuint (message.pong.cookie, ==, i);
    }
  g_assert_cmpint (bh_channel_next (pair.host, &message), ==, BH_WIRE_AGAIN);
  pair_clear (&pair);
}

static void
test_byte_by_byte (void)
{
  Pair pair = pair_new ();
  uint8_t payload[256], packet[264];
  size_t len = sample_payload (BH_MSG_HELLO, SAMPLE_MOST, payload);
  BhMessage message;

  bh_put_u32 (packet, (uint32_t) len);
  bh_put_u32 (packet + 4, BH_MSG_HELLO);
  memcpy (packet + 8, payload, len);
  for (size_t i = 0; i < len + 8; i++)
    {
      g_assert_cmpint (bh_channel_next (pair.host, &message), ==, BH_WIRE_AGAIN);
      g_assert_cmpint (write (pair.guest_fd, packet + i, 1), ==, 1);
      g_assert_cmpint (bh_channel_receive (pair.host), ==, BH_WIRE_OK);
    }
  g_assert_cmpint (bh_channel_next (pair.host, &message), ==, BH_WIRE_OK);
  pair_clear (&pair);
}

/* A reader that does not take pixels still gets what control sends. */
static void
test_stalled_pixels_leave_control_free (void)
{
  Pair pair = pair_new ();
  BhMessage message;
  guint queued = 0, pongs = 0;
  BhWireStatus status;

  while ((status = send_pixels (pair.guest, 0)) == BH_WIRE_OK)
    queued++;
  g_assert_cmpint (status, ==, BH_WIRE_FULL);
  g_assert_cmpuint (queued, >=, BH_STREAM_QUEUE / (BH_MAX_PIXEL_BYTES + 64));

  /* Everything credit allows arrives, the rest waits at the sender … */
  for (guint i = 0; i < 1000; i++)
    {
      bh_channel_flush (pair.guest);
      if (bh_channel_receive (pair.host) != BH_WIRE_OK && !bh_channel_wants_write (pair.guest))
        break;
    }
  g_assert_cmpuint (bh_channel_get_queued (pair.guest, BH_STREAM_PIXELS), >, 0);
  g_assert_false (bh_channel_wants_write (pair.guest));

  /* … and a pong passes it. */
  send_pong (pair.guest, 7);
  g_assert_true (bh_channel_wants_write (pair.guest));
  g_assert_cmpint (bh_channel_flush (pair.guest), ==, BH_WIRE_OK);
  g_assert_cmpuint (bh_channel_get_queued (pair.guest, BH_STREAM_CONTROL), ==, 0);
  g_assert_cmpint (bh_channel_receive (pair.host), ==, BH_WIRE_OK);
  while (bh_channel_next (pair.host, &message) == BH_WIRE_OK)
    pongs += message.type == BH_MSG_PONG;
  g_assert_cmpuint (pongs, ==, 1);
  pair_clear (&pair);
}

static void
test_credit_is_given_again (void)
{
  Pair pair = pair_new ();
  guint sent = 0, taken = 0;

  /* Five windows' worth. */
  while (sent < 5 * BH_STREAM_WINDOW / BH_MAX_PIXEL_BYTES)
    {
      while (sent < 5 * BH_STREAM_WINDOW / BH_MAX_PIXEL_BYTES
             && send_pixels (pair.guest, sent) == BH_WIRE_OK)
        sent++;
      taken += settle (pair.guest, pair.host, TRUE, BH_MSG_PIXELS);
    }
  taken += settle (pair.guest, pair.host, TRUE, BH_MSG_PIXELS);
  g_assert_cmpuint (taken, ==, sent);
  pair_clear (&pair);
}

/* With pixels queued far ahead, a pong sent later comes after a few packets, not after all of them. */
static void
test_streams_take_turns (void)
{
  Pair pair = pair_new ();
  guint before = 0;
  BhMessage message;
  gboolean seen = FALSE;

  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (send_pixels (pair.guest, i), ==, BH_WIRE_OK);
  send_pong (pair.guest, 1);
  while (!seen)
    {
      bh_channel_flush (pair.guest);
      g_assert_cmpint (bh_channel_receive (pair.host), ==, BH_WIRE_OK);
      while (!seen && bh_channel_next (pair.host, &message) == BH_WIRE_OK)
        {
          seen = message.type == BH_MSG_PONG;
          before += message.type == BH_MSG_PIXELS;
        }
    }
  g_assert_cmpuint (before, <=, 2);
  pair_clear (&pair);
}

static size_t
put_packet (uint8_t *out, unsigned type, SampleKind kind)
{
  size_t len = sample_payload (type, kind, out + 8);

  bh_put_u32 (out, (uint32_t) len);
  bh_put_u32 (out + 4, type);
  return len + 8;
}

/* What a guest writes by hand must end the channel with @expected, and keep it ended. */
static void
assert_refused (const uint8_t *bytes, size_t len, BhWireStatus expected)
{
  Pair pair = pair_new ();
  BhMessage message;
  BhWireStatus status = BH_WIRE_AGAIN;
  size_t at = 0;

  while (status == BH_WIRE_AGAIN || status == BH_WIRE_OK)
    {
      ssize_t n = at < len ? write (pair.guest_fd, bytes + at, len - at) : 0;

      if (n > 0)
        at += (size_t) n;
      else if (n < 0)
        g_assert_cmpint (errno, ==, EAGAIN);
      if (bh_channel_receive (pair.host) == BH_WIRE_AGAIN && at == len)
        break;
      while ((status = bh_channel_next (pair.host, &message)) == BH_WIRE_OK)
        ;
      bh_channel_flush (pair.host);
    }
  g_assert_cmpint (status, ==, expected);
  g_assert_cmpint (bh_channel_next (pair.host, &message), ==, expected);
  g_assert_cmpint (bh_channel_receive (pair.host), ==, expected);
  g_assert_cmpint (bh_channel_flush (pair.host), ==, expected);
  pair_clear (&pair);
}

static void
test_bad_headers (void)
{
  uint8_t packet[512];
  size_t len = put_packet (packet, BH_MSG_PONG, SAMPLE_LEAST);

  packet[6] = 1; /* the reserved half */
  assert_refused (packet, len, BH_WIRE_UNKNOWN);
  put_packet (packet, BH_MSG_PONG, SAMPLE_LEAST);
  bh_put_u16 (packet + 4, BH_N_MESSAGES);
  assert_refused (packet, len, BH_WIRE_UNKNOWN);
  bh_put_u16 (packet + 4, BH_MSG_SHUTDOWN);
  assert_refused (packet, len, BH_WIRE_DIRECTION);
  put_packet (packet, BH_MSG_PONG, SAMPLE_LEAST);
  bh_put_u32 (packet, 5);
  assert_refused (packet, 8, BH_WIRE_TOO_LONG);
  bh_put_u32 (packet, UINT32_MAX);
  assert_refused (packet, 8, BH_WIRE_TOO_LONG);
}

/* A peer that goes on sending on a stream that was not granted again loses the channel. */
static void
test_sender_without_credit (void)
{
  Pair pair = pair_new ();
  g_autofree uint8_t *packet = g_malloc (BH_MAX_PIXEL_BYTES + 64);
  size_t len = put_packet (packet, BH_MSG_PIXELS, SAMPLE_MOST), received = 0, at = 0;
  BhWireStatus status = BH_WIRE_OK;
  BhMessage message;

  bh_channel_hold (pair.host, BH_STREAM_PIXELS, true);
  while (status == BH_WIRE_OK || status == BH_WIRE_AGAIN)
    {
      ssize_t n = write (pair.guest_fd, packet + at, len - at);

      if (n > 0)
        at = (at + (size_t) n) % len;
      bh_channel_receive (pair.host);
      while ((status = bh_channel_next (pair.host, &message)) == BH_WIRE_OK)
        received += len;
      g_assert_cmpuint (received, <=, BH_STREAM_WINDOW);
    }
  g_assert_cmpint (status, ==, BH_WIRE_CREDIT);
  g_assert_cmpuint (received, >, BH_STREAM_WINDOW - len);
  pair_clear (&pair);
}

/* A reader that lets go of a held stream gets the rest. */
static void
test_hold_and_let_go (void)
{
  Pair pair = pair_new ();
  guint sent = 0, taken;

  bh_channel_hold (pair.host, BH_STREAM_PIXELS, true);
  while (sent < 50 && send_pixels (pair.guest, sent) == BH_WIRE_OK)
    sent++;
  taken = settle (pair.guest, pair.host, TRUE, BH_MSG_PIXELS);
  g_assert_cmpuint (taken, <, sent);
  bh_channel_hold (pair.host, BH_STREAM_PIXELS, false);
  taken += settle (pair.guest, pair.host, TRUE, BH_MSG_PIXELS);
  taken += settle (pair.guest, pair.host, TRUE, BH_MSG_PIXELS);
  g_assert_cmpuint (taken, ==, sent);
  pair_clear (&pair);
}

static void
test_too_much_credit (void)
{
  uint8_t packet[64];
  size_t len = put_packet (packet, BH_MSG_CREDIT, SAMPLE_LEAST);

  bh_put_u32 (packet + 8, BH_STREAM_DISPLAY);
  bh_put_u32 (packet + 12, 1); /* nothing was sent, so nothing is due */
  assert_refused (packet, len, BH_WIRE_CREDIT);
}

static void
test_send_refuses_what_the_other_would (void)
{
  Pair pair = pair_new ();
  const bh_msg_launch launch = { .id = 0 };
  const bh_msg_pong pong = { 0 };
  const bh_msg_window_title title = { .window = 1, .title = { "\x1b", 1 } };
  const bh_msg_credit credit = { .bytes = 1 };

  g_assert_cmpint (bh_channel_send (pair.host, BH_MSG_LAUNCH, &launch), ==, BH_WIRE_LIMIT);
  g_assert_cmpint (bh_channel_send (pair.host, BH_MSG_PONG, &pong), ==, BH_WIRE_DIRECTION);
  g_assert_cmpint (bh_channel_send (pair.guest, BH_MSG_WINDOW_TITLE, &title), ==, BH_WIRE_TEXT);
  g_assert_cmpint (bh_channel_send (pair.guest, BH_MSG_CREDIT, &credit), ==, BH_WIRE_UNKNOWN);
  g_assert_false (bh_channel_wants_write (pair.host));
  g_assert_false (bh_channel_wants_write (pair.guest));
  pair_clear (&pair);
}

static void
test_closed (void)
{
  Pair pair = pair_new ();
  BhMessage message;

  send_pong (pair.guest, 1);
  bh_channel_flush (pair.guest);
  bh_channel_free (pair.guest);
  /* What was sent before is still there. */
  g_assert_cmpint (bh_channel_receive (pair.host), ==, BH_WIRE_OK);
  g_assert_cmpint (bh_channel_next (pair.host, &message), ==, BH_WIRE_OK);
  g_assert_cmpint (bh_channel_receive (pair.host), ==, BH_WIRE_CLOSED);
  bh_channel_free (pair.host);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stream/in-order", test_in_order);
  g_test_add_func ("/stream/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/stream/stalled-pixels-leave-control-free", test_stalled_pixels_leave_control_free);
  g_test_add_func ("/stream/credit-is-given-again", test_credit_is_given_again);
  g_test_add_func ("/stream/streams-take-turns", test_streams_take_turns);
  g_test_add_func ("/stream/bad-headers", test_bad_headers);
  g_test_add_func ("/stream/sender-without-credit", test_sender_without_credit);
  g_test_add_func ("/stream/hold-and-let-go", test_hold_and_let_go);
  g_test_add_func ("/stream/too-much-credit", test_too_much_credit);
  g_test_add_func ("/stream/send-refuses-what-the-other-would", test_send_refuses_what_the_other_would);
  g_test_add_func ("/stream/closed", test_closed);
  return g_test_run ();
}
