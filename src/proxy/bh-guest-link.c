/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The channel to the guest.
 *
 * Theory of operation: bytes become messages in bh_channel_next (src/wire), which refuses what is
 * malformed; dispatch() hands each to the part that knows its meaning. The first message is hello,
 * and there is only one. Each message costs tokens by the work it can cause; a guest without tokens
 * is not read until it has some again, so a flood waits in its own channel (credit and socket
 * buffer), costs the host a bounded share of one core and no memory. The guest is not read either
 * while the compositor takes no requests. */
#include "config.h"

#include "bh-guest-link.h"

#include <glib-unix.h>

#include "bh-camera.h"
#include "bh-cursor.h"
#include "bh-display.h"
#include "bh-region.h"
#include "bh-seat.h"
#include "bh-service-link.h"
#include "bh-sound.h"
#include "bh-stream.h"
#include "bh-windows.h"

#define TOKENS_PER_SECOND 20000
#define TOKENS_MOST 20000
#define THROTTLE_MS 10
/* Messages handled before other sources get their turn. */
#define BATCH 128
/* Queued for a guest that does not read: above the first, motion is left out; above the second it
 * is given up. The second holds a keymap and much else. */
#define QUEUE_SOFT (256u << 10)
#define QUEUE_HARD (2u << 20)

struct _BhGuestLink
{
  BhProxy *proxy;
  BhChannel *channel;
  guint source, throttle, resume;
  gboolean ready; /* hello has come */
  gboolean paused, attached;
  gboolean leftover;       /* the reader still has messages */
  gint64 tokens, refilled; /* tokens; µs */
};

static void schedule (BhGuestLink *link);

/* What a message may cost: most only look something up; some make the compositor work. */
static gint64
cost (BhMessageType type)
{
  switch (type)
    {
    case BH_MSG_WINDOW_NEW:
    case BH_MSG_POPUP_NEW:
    case BH_MSG_POPUP_MOVE:
    case BH_MSG_WINDOW_GONE:
    case BH_MSG_WINDOW_UNMAP:
      return 100;
    case BH_MSG_WINDOW_REQUEST:
    case BH_MSG_WINDOW_DRAG:
    case BH_MSG_WINDOW_MENU:
    case BH_MSG_WINDOW_PARENT:
    case BH_MSG_WINDOW_LIMITS:
    case BH_MSG_SOUND_PLAY:
    case BH_MSG_SOUND_RECORD:
    case BH_MSG_CAMERA_STREAM:
      return 100;
    case BH_MSG_CURSOR_IMAGE:
    case BH_MSG_CURSOR_SHAPE:
    case BH_MSG_CURSOR_HIDE:
      return 40;
    case BH_MSG_FRAME:
    case BH_MSG_SLOTS_WANT:
    case BH_MSG_CAMERA_NEXT:
      return 20;
    case BH_MSG_LAUNCHED:
    case BH_MSG_EXITED:
    case BH_MSG_CONFIGURED:
    case BH_MSG_IDLE:
      return 100; /* each is a D-Bus signal */
    default:
      return 1;
    }
}

static void
guest_failed (BhGuestLink *link, const char *what)
{
  bh_proxy_fail (link->proxy, BH_EXIT_GUEST, what);
}

static const char *
handle_hello (BhGuestLink *link, const bh_msg_hello *untrusted)
{
  BhProxy *proxy = link->proxy;

  if (link->ready)
    return "a second hello";
  if (untrusted->version != BH_WIRE_VERSION)
    return "a guest of another version";
  link->ready = TRUE;
  /* Only what the guest has mapped can be used; it may have nothing at all. */
  if (proxy->shared && untrusted->region_bytes == 0)
    g_clear_pointer (&proxy->shared, bh_region_free);
  else if (proxy->shared)
    bh_region_limit (proxy->shared, untrusted->region_bytes);
  bh_service_link_hello (proxy->service, untrusted->build.data, untrusted->build.len,
                         untrusted->configured != 0);
  bh_display_announce_output (proxy->display);
  bh_windows_announce_backdrop (proxy->windows);
  bh_sound_hello (proxy->sound);
  bh_camera_hello (proxy->camera);
  bh_seat_announce (proxy->seat);
  return NULL;
}

static const char *
handle_cursor (BhGuestLink *link, const BhMessage *msg)
{
  BhProxy *proxy = link->proxy;
  BhSeat *seat = proxy->seat;
  /* All three begin with the serial of the enter they answer. */
  guint32 untrusted_serial = msg->cursor_hide.serial;

  if (msg->type == BH_MSG_CURSOR_IMAGE)
    {
      const bh_msg_cursor_image *image = &msg->cursor_image;

      if (image->pixels.len != image->width * image->height * 4)
        return "a cursor whose pixels do not fill it";
    }
  /* Late: the pointer is elsewhere by now. */
  if (seat->p.enter_ours == 0 || untrusted_serial != seat->p.enter_ours || !seat->p.window)
    return NULL;
  switch (msg->type)
    {
    case BH_MSG_CURSOR_HIDE:
      bh_cursor_hide (proxy->cursor, seat->p.enter_host);
      return NULL;
    case BH_MSG_CURSOR_SHAPE:
      bh_cursor_show_shape (proxy->cursor, msg->cursor_shape.shape, seat->p.window->scale_120,
                            seat->p.enter_host);
      return NULL;
    default:
      return bh_cursor_show_image (proxy->cursor, &msg->cursor_image, seat->p.enter_host);
    }
}

/* One message. NULL, or what was wrong with it. */
static const char *
dispatch (BhGuestLink *link, const BhMessage *msg)
{
  BhWindows *windows = link->proxy->windows;
  BhServiceLink *service = link->proxy->service;

  if (!link->ready && msg->type != BH_MSG_HELLO)
    return "a message before hello";
  switch (msg->type)
    {
    case BH_MSG_HELLO:
      return handle_hello (link, &msg->hello);
    case BH_MSG_CONFIGURED:
      bh_service_link_configured (service, &msg->configured);
      return NULL;
    case BH_MSG_LAUNCHED:
      bh_service_link_launched (service, &msg->launched);
      return NULL;
    case BH_MSG_EXITED:
      bh_service_link_exited (service, &msg->exited);
      return NULL;
    case BH_MSG_NETWORK_STATE:
      bh_service_link_network_state (service, &msg->network_state);
      return NULL;
    case BH_MSG_IDLE:
      bh_service_link_idle (service);
      return NULL;
    case BH_MSG_PONG:
      return NULL;
    case BH_MSG_WINDOW_NEW:
      return bh_windows_new_toplevel (windows, &msg->window_new);
    case BH_MSG_POPUP_NEW:
      return bh_windows_new_popup (windows, &msg->popup_new);
    case BH_MSG_POPUP_MOVE:
      return bh_windows_move_popup (windows, &msg->popup_move);
    case BH_MSG_WINDOW_GONE:
      return bh_windows_gone (windows, &msg->window_gone);
    case BH_MSG_WINDOW_TITLE:
      return bh_windows_title (windows, &msg->window_title);
    case BH_MSG_WINDOW_APP:
      return bh_windows_app (windows, &msg->window_app);
    case BH_MSG_WINDOW_LIMITS:
      return bh_windows_limits (windows, &msg->window_limits);
    case BH_MSG_WINDOW_PARENT:
      return bh_windows_parent (windows, &msg->window_parent);
    case BH_MSG_WINDOW_REQUEST:
      return bh_windows_request (windows, &msg->window_request);
    case BH_MSG_WINDOW_DRAG:
      return bh_windows_drag (windows, &msg->window_drag);
    case BH_MSG_WINDOW_MENU:
      return bh_windows_menu (windows, &msg->window_menu);
    case BH_MSG_SLOTS_WANT:
      return bh_windows_slots_want (windows, &msg->slots_want);
    case BH_MSG_FRAME:
      return bh_windows_frame (windows, &msg->frame);
    case BH_MSG_WINDOW_UNMAP:
      return bh_windows_unmap (windows, &msg->window_unmap);
    case BH_MSG_PIXELS:
      return bh_windows_pixels (windows, &msg->pixels);
    case BH_MSG_CURSOR_HIDE:
    case BH_MSG_CURSOR_SHAPE:
    case BH_MSG_CURSOR_IMAGE:
      return handle_cursor (link, msg);
    case BH_MSG_SOUND_PLAY:
    case BH_MSG_SOUND_DATA:
    case BH_MSG_SOUND_RECORD:
      return bh_sound_message (link->proxy->sound, msg);
    case BH_MSG_CAMERA_STREAM:
    case BH_MSG_CAMERA_NEXT:
      return bh_camera_message (link->proxy->camera, msg);
    default:
      /* The decoder lets only the guest's messages through: one in the table that is not handled
       * here. */
      return "a message this proxy does not know";
    }
}

static gboolean
throttle_over (gpointer data)
{
  BhGuestLink *link = data;

  link->throttle = 0;
  schedule (link);
  return G_SOURCE_REMOVE;
}

/* Whether the guest may cause more work now; else it is read again later. */
static gboolean
may_go_on (BhGuestLink *link)
{
  gint64 now = g_get_monotonic_time ();
  gint64 more = (now - link->refilled) * TOKENS_PER_SECOND / G_USEC_PER_SEC;

  if (more > 0)
    {
      link->tokens = MIN (link->tokens + more, TOKENS_MOST);
      link->refilled = now;
    }
  if (link->tokens > 0)
    return TRUE;
  if (!link->throttle)
    link->throttle = g_timeout_add (THROTTLE_MS, throttle_over, link);
  return FALSE;
}

/* Handle what was read already; link->leftover says whether that is all. */
static void
handle_messages (BhGuestLink *link)
{
  link->leftover = TRUE;
  for (guint n = 0; n < BATCH; n++)
    {
      const char *wrong;
      BhWireStatus status;
      BhMessage msg;

      if (link->proxy->ended || link->paused || !may_go_on (link))
        return;
      status = bh_channel_next (link->channel, &msg);
      if (status == BH_WIRE_AGAIN)
        {
          link->leftover = FALSE;
          return;
        }
      if (status != BH_WIRE_OK)
        {
          guest_failed (link, bh_wire_status_name (status));
          return;
        }
      link->tokens -= cost (msg.type);
      if (msg.type == BH_MSG_FRAME || msg.type == BH_MSG_POPUP_NEW || msg.type == BH_MSG_POPUP_MOVE)
        bh_display_drain (link->proxy->display);
      if (link->proxy->ended)
        return;
      wrong = dispatch (link, &msg);
      if (wrong)
        {
          guest_failed (link, wrong);
          return;
        }
      bh_display_flush (link->proxy->display);
    }
}

static gboolean
channel_ready (int fd, GIOCondition condition, gpointer data)
{
  BhGuestLink *link = data;
  BhWireStatus status;

  link->source = 0;
  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    {
      status = bh_channel_receive (link->channel);
      if (status != BH_WIRE_OK && status != BH_WIRE_AGAIN)
        guest_failed (link, bh_wire_status_name (status));
      else
        handle_messages (link);
    }
  schedule (link);
  return G_SOURCE_REMOVE;
}

/* Write what there is, go on with messages that are left, and wait for what is of use now. More is
 * read only when all that was read is handled: the reader's buffer stays small. */
static gboolean
go_on (gpointer data)
{
  BhGuestLink *link = data;
  GIOCondition condition = 0;
  BhWireStatus status;

  link->resume = 0;
  if (link->proxy->ended)
    return G_SOURCE_REMOVE;
  if (link->leftover && !link->paused && !link->throttle)
    handle_messages (link);
  if (link->proxy->ended)
    return G_SOURCE_REMOVE;
  status = bh_channel_flush (link->channel);
  if (status != BH_WIRE_OK)
    {
      guest_failed (link, bh_wire_status_name (status));
      return G_SOURCE_REMOVE;
    }
  if (!link->leftover)
    condition |= G_IO_IN;
  else if (!link->paused && !link->throttle)
    schedule (link);
  if (bh_channel_wants_write (link->channel))
    condition |= G_IO_OUT;
  g_clear_handle_id (&link->source, g_source_remove);
  if (condition)
    link->source =
        g_unix_fd_add (bh_channel_get_fd (link->channel), condition, channel_ready, link);
  return G_SOURCE_REMOVE;
}

static void
schedule (BhGuestLink *link)
{
  if (link->attached && !link->proxy->ended && !link->resume)
    link->resume = g_idle_add_full (G_PRIORITY_DEFAULT, go_on, link, NULL);
}

BhGuestLink *
bh_guest_link_new (BhProxy *proxy, int fd)
{
  BhGuestLink *link = g_new0 (BhGuestLink, 1);

  link->proxy = proxy;
  link->channel = bh_channel_new (fd, BH_SIDE_HOST);
  link->tokens = TOKENS_MOST;
  link->refilled = g_get_monotonic_time ();
  if (!link->channel)
    g_error ("no memory for a channel");
  return link;
}

void
bh_guest_link_free (BhGuestLink *link)
{
  g_clear_handle_id (&link->source, g_source_remove);
  g_clear_handle_id (&link->throttle, g_source_remove);
  g_clear_handle_id (&link->resume, g_source_remove);
  bh_channel_free (link->channel);
  g_free (link);
}

void
bh_guest_link_attach (BhGuestLink *link)
{
  link->attached = TRUE;
  schedule (link);
}

void
bh_guest_link_set_paused (BhGuestLink *link, gboolean paused)
{
  if (link->paused == paused)
    return;
  link->paused = paused;
  if (!paused)
    schedule (link);
}

gsize
bh_guest_link_get_queued (BhGuestLink *link, BhStreamId stream)
{
  return bh_channel_get_queued (link->channel, stream);
}

static gboolean
may_be_left_out (BhMessageType type)
{
  return type == BH_MSG_POINTER_MOTION || type == BH_MSG_TOUCH_MOTION
         || type == BH_MSG_POINTER_AXIS;
}

void
bh_guest_link_send (BhGuestLink *link, BhMessageType type, const void *msg)
{
  BhWireStatus status;
  gsize queued;

  if (!link || !link->ready || link->proxy->ended)
    return;
  queued = bh_channel_get_queued (link->channel, bh_message_info (type)->stream);
  if (queued > QUEUE_SOFT && may_be_left_out (type))
    return;
  status = queued > QUEUE_HARD ? BH_WIRE_FULL : bh_channel_send (link->channel, type, msg);
  switch (status)
    {
    case BH_WIRE_OK:
      schedule (link);
      break;
    case BH_WIRE_FULL:
      guest_failed (link, "the guest does not read");
      break;
    case BH_WIRE_LIMIT:
    case BH_WIRE_TEXT:
    case BH_WIRE_DIRECTION:
    case BH_WIRE_UNKNOWN:
      /* Something of the host that does not fit into the protocol; better lost than wrong. */
      g_warning ("%s not sent: %s", bh_message_info (type)->name, bh_wire_status_name (status));
      break;
    default:
      guest_failed (link, bh_wire_status_name (status));
    }
}
