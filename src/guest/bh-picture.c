/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A window's pictures: slots in the host's region, what of them is out of date, and frames.
 *
 * Each slot keeps the damage since it was written last, and only that is copied into it. With one
 * surface its buffer is given back right after the copy, as the next one will be complete; with several
 * each is kept until it is replaced, since a change of one may bare another. */
#include <glib.h>

#include "bh-window.h"

/* Pictures by channel: bytes queued at a time, so that a change of size is not long in coming. */
#define PIXELS_AHEAD (512u << 10)

void
bh_picture_init (BhPicture *picture)
{
  pixman_region32_init (&picture->damage);
  pixman_region32_init (&picture->sending_region);
  pixman_region32_init (&picture->sending_damage);
  for (unsigned i = 0; i < BH_MAX_SLOTS; i++)
    pixman_region32_init (&picture->slots[i].stale);
}

void
bh_picture_clear (BhPicture *picture)
{
  pixman_region32_fini (&picture->damage);
  pixman_region32_fini (&picture->sending_region);
  pixman_region32_fini (&picture->sending_damage);
  for (unsigned i = 0; i < BH_MAX_SLOTS; i++)
    pixman_region32_fini (&picture->slots[i].stale);
  g_free (picture->memory);
}

/* The slots are gone, with the host or for others. */
void
bh_picture_forget (BhWindow *window)
{
  BhPicture *picture = &window->picture;

  picture->n_slots = 0;
  picture->waiting = picture->sending = picture->refused = false;
  picture->generation++;
}

static void
stale_all (BhPicture *picture)
{
  for (unsigned i = 0; i < BH_MAX_SLOTS; i++)
    {
      pixman_region32_fini (&picture->slots[i].stale);
      pixman_region32_init_rect (&picture->slots[i].stale, 0, 0, (unsigned) picture->width,
                                 (unsigned) picture->height);
    }
}

/* What is noted may be of a picture that was larger. */
static void
clip (const BhPicture *picture, pixman_region32_t *region)
{
  pixman_region32_intersect_rect (region, region, 0, 0, (unsigned) picture->width,
                                  (unsigned) picture->height);
}

static void
ask_slots (BhWindow *window, uint32_t count, uint64_t bytes)
{
  BhPicture *picture = &window->picture;
  bh_msg_slots_want want = { .window = window->id, .count = count };

  bh_picture_forget (window);
  if (picture->generation == 0)
    picture->generation = 1;
  want.generation = picture->generation;
  want.bytes = (uint32_t) bytes;
  picture->asked = count;
  if (bh_link_send (window->server->link, BH_MSG_SLOTS_WANT, &want))
    picture->waiting = true;
}

/* Whether there are slots of the right size; asks for them when not. */
static bool
have_slots (BhWindow *window)
{
  BhPicture *picture = &window->picture;
  uint64_t need = (uint64_t) picture->stride * (uint64_t) picture->height, bytes = need;

  if (picture->waiting || picture->refused)
    return false;
  if (picture->n_slots > 0 && need <= picture->slot_bytes
      && (picture->slot_bytes < (1u << 20) || need >= picture->slot_bytes / 4))
    return true;
  /* Room to grow, so that resizing by hand does not ask with every step. */
  if (picture->n_slots > 0 && need > picture->slot_bytes)
    bytes = need + need / 4;
  bytes = MIN ((bytes + 4095) & ~4095ull, 1u << 28);
  ask_slots (window, window->popup ? 2 : BH_MAX_SLOTS, bytes);
  return false;
}

void
bh_picture_slots (BhWindow *window, const bh_msg_slots *slots)
{
  BhPicture *picture = &window->picture;
  uint64_t end;
  size_t size;

  if (slots->generation != picture->generation || !picture->waiting)
    return;
  picture->waiting = false;
  if (slots->count == 0)
    {
      if (picture->asked > 1)
        ask_slots (window, 1, (uint64_t) picture->stride * (uint64_t) picture->height);
      else
        picture->refused = true;
      return;
    }
  bh_link_get_region (window->server->link, &size);
  if (!slots->by_channel
      && (!bh_mul_u64 (slots->bytes, slots->count, &end)
          || !bh_range_fits (slots->offset, end, size) || slots->offset % 4))
    {
      g_warning ("Slots outside the shared region");
      picture->refused = true;
      return;
    }
  picture->n_slots = slots->count;
  picture->slot_bytes = slots->bytes;
  picture->offset = slots->offset;
  picture->by_channel = slots->by_channel;
  for (unsigned i = 0; i < BH_MAX_SLOTS; i++)
    picture->slots[i].busy = false;
  stale_all (picture);
  /* The first frame in new slots shows everything. */
  pixman_region32_union_rect (&picture->damage, &picture->damage, 0, 0, (unsigned) picture->width,
                              (unsigned) picture->height);
  if (!picture->by_channel)
    g_clear_pointer (&picture->memory, g_free);
  bh_window_schedule (window);
}

void
bh_picture_slot_free (BhWindow *window, const bh_msg_slot_free *slot)
{
  BhPicture *picture = &window->picture;

  if (slot->generation != picture->generation || slot->slot >= picture->n_slots)
    return;
  picture->slots[slot->slot].busy = false;
  bh_window_schedule (window);
}

/* At most BH_MAX_DAMAGE rectangles that cover @region: neighbours in its order are joined. */
static uint32_t
list_damage (const pixman_region32_t *region, BhRect *out)
{
  int n;
  const pixman_box32_t *boxes = pixman_region32_rectangles ((pixman_region32_t *) region, &n);
  int group = (n + BH_MAX_DAMAGE - 1) / BH_MAX_DAMAGE;
  uint32_t count = 0;

  for (int i = 0; i < n; i += group)
    {
      pixman_box32_t all = boxes[i];

      for (int j = i + 1; j < n && j < i + group; j++)
        {
          all.x1 = MIN (all.x1, boxes[j].x1);
          all.y1 = MIN (all.y1, boxes[j].y1);
          all.x2 = MAX (all.x2, boxes[j].x2);
          all.y2 = MAX (all.y2, boxes[j].y2);
        }
      out[count++] = (BhRect){ all.x1, all.y1, all.x2 - all.x1, all.y2 - all.y1 };
    }
  return count;
}

static void
send_frame (BhWindow *window, uint32_t slot, const pixman_region32_t *damage)
{
  BhPicture *picture = &window->picture;
  BhRect rects[BH_MAX_DAMAGE];
  bh_msg_frame frame = {
    .window = window->id,
    .serial = window->serial,
    .generation = picture->generation,
    .slot = slot,
    .width = (uint32_t) picture->width,
    .height = (uint32_t) picture->height,
    .stride = (uint32_t) picture->stride,
    .logical_width = (uint32_t) picture->logical_width,
    .logical_height = (uint32_t) picture->logical_height,
  };

  frame.damage.count = list_damage (damage, rects);
  frame.damage.data = (const uint8_t *) rects;
  picture->slots[slot].busy = true;
  window->serial_due = false;
  window->awaiting_done = true;
  bh_link_send (window->server->link, BH_MSG_FRAME, &frame);
}

/* Callbacks of what has been drawn wait for the host to show it. */
static void
collect_callbacks (BhWindow *window)
{
  const BhLayer *layer;

  wl_array_for_each (layer, &window->scene.layers)
  {
    struct wl_list *frames = &layer->surface->current.frames;

    wl_list_insert_list (window->in_flight.prev, frames);
    wl_list_init (frames);
  }
}

static bool
has_callbacks (const BhWindow *window)
{
  const BhLayer *layer;

  wl_array_for_each (layer, &window->scene.layers)
  {
    if (!wl_list_empty (&layer->surface->current.frames))
      return true;
  }
  return false;
}

static uint8_t *
slot_memory (BhWindow *window, uint32_t slot)
{
  BhPicture *picture = &window->picture;
  size_t size, need = (size_t) picture->stride * (size_t) picture->height;
  uint8_t *region = bh_link_get_region (window->server->link, &size);

  if (!picture->by_channel)
    return region + picture->offset + (uint64_t) slot * picture->slot_bytes;
  if (picture->memory_size < need || !picture->memory)
    {
      g_free (picture->memory);
      picture->memory = g_try_malloc (need);
      picture->memory_size = need;
      /* The one picture here serves all slots; it is made anew as a whole. */
      stale_all (picture);
    }
  return picture->memory;
}

static void
draw_slot (BhWindow *window, uint32_t slot)
{
  BhPicture *picture = &window->picture;
  uint8_t *memory = slot_memory (window, slot);
  pixman_region32_t region;

  if (!memory)
    return;
  pixman_region32_init (&region);
  pixman_region32_union (&region, &picture->slots[slot].stale, &picture->damage);
  clip (picture, &region);
  bh_scene_draw (&window->scene, &region, window->server->backdrop, memory, picture->stride);
  for (uint32_t i = 0; i < picture->n_slots; i++)
    if (i != slot)
      pixman_region32_union (&picture->slots[i].stale, &picture->slots[i].stale, &picture->damage);
  pixman_region32_clear (&picture->slots[slot].stale);
  if (bh_scene_n_layers (&window->scene) == 1)
    bh_surface_release (window->surface);
  collect_callbacks (window);
  if (picture->by_channel)
    {
      picture->sending = true;
      picture->sending_slot = slot;
      picture->slots[slot].busy = true;
      picture->sending_box = 0;
      picture->sending_y = -1;
      pixman_region32_copy (&picture->sending_region, &region);
      pixman_region32_copy (&picture->sending_damage, &picture->damage);
    }
  else
    send_frame (window, slot, &picture->damage);
  pixman_region32_clear (&picture->damage);
  pixman_region32_fini (&region);
}

/* The size the scene asks for; a new one makes everything new. */
static void
take_size (BhWindow *window)
{
  BhPicture *picture = &window->picture;
  const BhScene *scene = &window->scene;

  if (picture->width == scene->width && picture->height == scene->height
      && picture->logical_width == scene->box.width && picture->logical_height == scene->box.height)
    return;
  if (picture->width != scene->width || picture->height != scene->height)
    picture->refused = false;
  picture->width = scene->width;
  picture->height = scene->height;
  picture->stride = scene->width * 4;
  picture->logical_width = scene->box.width;
  picture->logical_height = scene->box.height;
  stale_all (picture);
}

void
bh_picture_update (BhWindow *window)
{
  BhPicture *picture = &window->picture;

  if (!window->configured || picture->sending)
    return;
  bh_window_get_box (window);
  if (bh_scene_n_layers (&window->scene) == 0)
    return;
  take_size (window);
  clip (picture, &picture->damage);
  if (!pixman_region32_not_empty (&picture->damage) && !window->serial_due)
    {
      if (has_callbacks (window) && window->awaiting_done)
        collect_callbacks (window);
      else if (has_callbacks (window))
        bh_server_tick (window->server);
      return;
    }
  if (!have_slots (window))
    return;
  for (uint32_t slot = 0; slot < picture->n_slots; slot++)
    if (!picture->slots[slot].busy)
      {
        draw_slot (window, slot);
        bh_picture_continue (window);
        return;
      }
}

/* Queue rows until enough are under way; true when all of them have left the queue. */
static bool
send_rows (BhWindow *window)
{
  BhPicture *picture = &window->picture;
  BhLink *link = window->server->link;
  int n;
  const pixman_box32_t *boxes = pixman_region32_rectangles (&picture->sending_region, &n);

  while (picture->sending_box < n)
    {
      const pixman_box32_t *box = &boxes[picture->sending_box];
      /* A wide piece goes as whole rows, many in a message. */
      bool whole = (box->x2 - box->x1) * 2 > picture->width;
      int32_t y = picture->sending_y < 0 ? box->y1 : picture->sending_y, rows = 1;
      size_t start = (size_t) y * (size_t) picture->stride + (whole ? 0 : (size_t) box->x1 * 4);
      bh_msg_pixels pixels = {
        .window = window->id,
        .generation = picture->generation,
        .slot = picture->sending_slot,
        .offset = (uint32_t) start,
      };

      if (bh_link_get_queued (link, BH_STREAM_PIXELS) > PIXELS_AHEAD)
        return false;
      if (whole)
        rows = MIN (box->y2 - y, MAX (1, BH_MAX_PIXEL_BYTES / picture->stride));
      pixels.data.data = picture->memory + start;
      pixels.data.len = (uint32_t) (whole ? rows * picture->stride : (box->x2 - box->x1) * 4);
      if (!bh_link_send (link, BH_MSG_PIXELS, &pixels))
        return false;
      picture->sending_y = y + rows;
      if (picture->sending_y >= box->y2)
        {
          picture->sending_box++;
          picture->sending_y = -1;
        }
    }
  return bh_link_get_queued (link, BH_STREAM_PIXELS) == 0;
}

/* A frame must not overtake its rows: it is queued when they have left. */
void
bh_picture_continue (BhWindow *window)
{
  BhPicture *picture = &window->picture;

  if (!picture->sending || !send_rows (window))
    return;
  picture->sending = false;
  send_frame (window, picture->sending_slot, &picture->sending_damage);
  bh_window_schedule (window);
}
