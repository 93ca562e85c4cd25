/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Launches whose files are on their way. */
#include "bh-waiting.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "bh-desktop.h"

#define LOOK_MS 50
/* The folder is plugged in before the launch is sent; what takes time is to find and mount it. */
#define LIMIT_SECONDS 20

typedef struct
{
  struct wl_list link;
  bh_msg_launch launch; /* all of its bytes are in what follows */
  gint64 until;
  uint8_t bytes[];
} Waiter;

struct _BhWaiting
{
  struct wl_event_source *timer;
  struct wl_list list;
  void (*ready) (void *data, const bh_msg_launch *launch);
  void *data;
};

bool
bh_waiting_is_over (const bh_msg_launch *launch)
{
  size_t position = 0;
  BhStr item;

  while (bh_list_next (&launch->uris, &position, &item))
    {
      g_autofree char *uri = g_strndup (item.data, item.len);
      g_autofree char *path = bh_desktop_uri_to_word (uri);

      if (path[0] == '/' && access (path, F_OK) != 0)
        return false;
    }
  return true;
}

/* Whoever is called back may add another, or give one up. */
static int
look (void *data)
{
  BhWaiting *waiting = data;
  struct wl_list over;
  Waiter *waiter, *next;

  wl_list_init (&over);
  wl_list_for_each_safe (waiter, next, &waiting->list, link)
  {
    if (g_get_monotonic_time () < waiter->until && !bh_waiting_is_over (&waiter->launch))
      continue;
    wl_list_remove (&waiter->link);
    wl_list_insert (over.prev, &waiter->link);
  }
  wl_list_for_each_safe (waiter, next, &over, link)
  {
    wl_list_remove (&waiter->link);
    waiting->ready (waiting->data, &waiter->launch);
    g_free (waiter);
  }
  if (!wl_list_empty (&waiting->list))
    wl_event_source_timer_update (waiting->timer, LOOK_MS);
  return 0;
}

static const void *
keep (uint8_t **at, const void *data, size_t length)
{
  const void *kept = *at;

  if (length > 0)
    memcpy (*at, data, length);
  *at += length;
  return kept;
}

bool
bh_waiting_add (BhWaiting *waiting, const bh_msg_launch *launch)
{
  size_t size = launch->app.len + launch->argv.len + launch->uris.len;
  Waiter *waiter;
  uint8_t *at;

  if (bh_waiting_count (waiting) >= BH_MAX_PROGRAMS)
    return false;
  waiter = g_malloc (sizeof *waiter + size);
  at = waiter->bytes;
  waiter->launch = *launch;
  waiter->launch.app.data = keep (&at, launch->app.data, launch->app.len);
  waiter->launch.argv.data = keep (&at, launch->argv.data, launch->argv.len);
  waiter->launch.uris.data = keep (&at, launch->uris.data, launch->uris.len);
  waiter->until = g_get_monotonic_time () + LIMIT_SECONDS * G_USEC_PER_SEC;
  wl_list_insert (waiting->list.prev, &waiter->link);
  wl_event_source_timer_update (waiting->timer, LOOK_MS);
  return true;
}

void
bh_waiting_give_up (BhWaiting *waiting, uint32_t id)
{
  Waiter *waiter;

  wl_list_for_each (waiter, &waiting->list, link)
  {
    if (waiter->launch.id == id)
      waiter->until = 0;
  }
}

unsigned
bh_waiting_count (BhWaiting *waiting)
{
  return (unsigned) wl_list_length (&waiting->list);
}

BhWaiting *
bh_waiting_new (struct wl_event_loop *loop, void (*ready) (void *data, const bh_msg_launch *launch),
                void *data)
{
  BhWaiting *waiting = g_new0 (BhWaiting, 1);

  waiting->timer = wl_event_loop_add_timer (loop, look, waiting);
  waiting->ready = ready;
  waiting->data = data;
  wl_list_init (&waiting->list);
  return waiting;
}

void
bh_waiting_free (BhWaiting *waiting)
{
  Waiter *waiter, *next;

  wl_list_for_each_safe (waiter, next, &waiting->list, link) g_free (waiter);
  wl_event_source_remove (waiting->timer);
  g_free (waiting);
}
