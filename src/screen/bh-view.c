/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one window, and the screen in it.
 *
 * Theory of operation: the window has a size of its own, which the virtual machine is asked to give its
 * screen; as long as it has another one (a firmware's, a system's that does not care) that is shown larger or
 * smaller, in its own proportions, with black beside it. So a window never jumps while a system boots in it. The
 * picture is the screen with that black, and its logical size is the window's: the compositor does the scaling.
 * Nothing is asked of QEMU while nothing is shown. */
#include "bh-screen.h"

#include <string.h>

/* Nobody can work with less, and no firmware has less. */
#define LEAST_WIDTH 320
#define LEAST_HEIGHT 200

static void
damage_add (BhDamage *damage, const BhRfbRect *rect)
{
  BhRfbRect *all = damage->rects;

  if (damage->n < BH_MAX_DAMAGE)
    {
      damage->rects[damage->n++] = *rect;
      return;
    }
  /* Too many: one that holds them all. */
  for (unsigned i = 1; i <= damage->n; i++)
    {
      const BhRfbRect *r = i < damage->n ? &damage->rects[i] : rect;
      unsigned right = all->x + all->width, bottom = all->y + all->height;

      right = r->x + r->width > right ? r->x + r->width : right;
      bottom = r->y + r->height > bottom ? r->y + r->height : bottom;
      all->x = r->x < all->x ? r->x : all->x;
      all->y = r->y < all->y ? r->y : all->y;
      all->width = right - all->x;
      all->height = bottom - all->y;
    }
  damage->n = 1;
}

static void
damage_add_all (BhDamage *damage, const BhRfb *rfb)
{
  damage->n = 0;
  damage_add (damage, &(BhRfbRect){ 0, 0, rfb->width, rfb->height });
}

static unsigned
at_most (uint64_t value, unsigned most)
{
  return value < 1 ? 1 : value > most ? most : (unsigned) value;
}

/* @value × @numerator / @denominator, rounded. */
static uint64_t
scale (unsigned value, unsigned numerator, unsigned denominator)
{
  return ((uint64_t) value * numerator + denominator / 2) / denominator;
}

static void
lay_out (const BhScreen *screen, BhLayout *out)
{
  unsigned w = screen->rfb.width, h = screen->rfb.height;
  unsigned width = screen->view.width, height = screen->view.height;

  *out = (BhLayout){ .logical_width = width, .logical_height = height };
  /* Whichever side has room to spare gets black. */
  if ((uint64_t) width * h >= (uint64_t) height * w)
    {
      out->height = h;
      out->width = at_most (scale (h, width, height), BH_MAX_SIDE);
      out->width = out->width < w ? w : out->width;
    }
  else
    {
      out->width = w;
      out->height = at_most (scale (w, height, width), BH_MAX_SIDE);
      out->height = out->height < h ? h : out->height;
    }
  out->x = (out->width - w) / 2;
  out->y = (out->height - h) / 2;
}

static bool
same_layout (const BhLayout *a, const BhLayout *b)
{
  return a->width == b->width && a->height == b->height && a->x == b->x && a->y == b->y;
}

/* Slots. */

static void
ask_slots (BhScreen *screen, uint32_t count, const BhLayout *layout)
{
  BhView *view = &screen->view;
  uint64_t bytes = ((uint64_t) layout->width * 4 * layout->height + 4095) & ~4095ull;

  view->generation++;
  view->slots = 0;
  view->asked = true;
  BH_SEND (screen, SLOTS_WANT, slots_want, .window = view->id, .generation = view->generation,
           .count = count, .bytes = (uint32_t) bytes);
}

static void
take_slots (BhScreen *screen, const bh_msg_slots *slots)
{
  BhView *view = &screen->view;
  uint64_t end;

  if (slots->window != view->id || slots->generation != view->generation || !view->asked)
    return;
  view->asked = false;
  if (slots->count == 0 || slots->by_channel || !bh_mul_u64 (slots->bytes, slots->count, &end)
      || !bh_range_fits (slots->offset, end, screen->region_size) || slots->offset % 4)
    {
      bh_screen_say ("there is no room for the screen");
      bh_view_close (screen, 1);
      return;
    }
  view->slots = slots->count;
  view->slot_bytes = slots->bytes;
  view->offset = slots->offset;
  for (unsigned i = 0; i < BH_MAX_SLOTS; i++)
    view->slot[i] = (BhSlotState){ .bare = true };
}

/* Bring @slot up to date with the screen. */
static void
fill (BhScreen *screen, unsigned slot, const BhLayout *layout)
{
  BhView *view = &screen->view;
  const BhRfb *rfb = &screen->rfb;
  BhSlotState *state = &view->slot[slot];
  uint8_t *to = screen->region + view->offset + (uint64_t) slot * view->slot_bytes;
  size_t stride = (size_t) layout->width * 4;

  if (state->bare)
    {
      if (layout->width != rfb->width || layout->height != rfb->height)
        memset (to, 0, stride * layout->height);
      damage_add_all (&state->stale, rfb);
    }
  for (unsigned i = 0; i < state->stale.n; i++)
    {
      const BhRfbRect *r = &state->stale.rects[i];

      for (unsigned y = r->y; y < r->y + r->height; y++)
        memcpy (to + (y + layout->y) * stride + (size_t) (r->x + layout->x) * 4,
                rfb->pixels + ((size_t) y * rfb->width + r->x) * 4, (size_t) r->width * 4);
    }
  state->stale.n = 0;
  state->bare = false;
}

static void
send_frame (BhScreen *screen, unsigned slot, const BhLayout *layout, bool all)
{
  BhView *view = &screen->view;
  BhRect rects[BH_MAX_DAMAGE] = { { 0, 0, (int) layout->width, (int) layout->height } };
  uint32_t n = all ? 1 : view->damage.n;

  for (unsigned i = 0; !all && i < n; i++)
    {
      const BhRfbRect *r = &view->damage.rects[i];

      rects[i] = (BhRect){ (int) (r->x + layout->x), (int) (r->y + layout->y), (int) r->width,
                           (int) r->height };
    }
  view->slot[slot].busy = true;
  view->damage.n = 0;
  view->again = false;
  view->waiting = true;
  BH_SEND (screen, FRAME, frame, .window = view->id, .serial = view->serial,
           .generation = view->generation, .slot = slot, .width = layout->width,
           .height = layout->height, .stride = layout->width * 4,
           .logical_width = layout->logical_width, .logical_height = layout->logical_height,
           .damage = { (const uint8_t *) rects, n });
}

static void
show (BhScreen *screen)
{
  BhView *view = &screen->view;
  BhLayout layout;
  unsigned slot = 0;
  bool changed;

  if (!view->id || !view->configured || view->waiting || view->asked
      || (view->damage.n == 0 && !view->again))
    return;
  lay_out (screen, &layout);
  if (view->slots == 0 || (uint64_t) layout.width * 4 * layout.height > view->slot_bytes)
    {
      ask_slots (screen, BH_MAX_SLOTS, &layout);
      return;
    }
  while (slot < view->slots && view->slot[slot].busy)
    slot++;
  if (slot == view->slots)
    return;
  changed = !same_layout (&layout, &view->layout) || view->slot[slot].bare;
  for (unsigned i = 0; i < view->slots; i++)
    view->slot[i].bare |= !same_layout (&layout, &view->layout);
  view->layout = layout;
  fill (screen, slot, &layout);
  send_frame (screen, slot, &layout, changed || view->damage.n == 0);
}

void
bh_view_go_on (BhScreen *screen)
{
  show (screen);
  if (screen->asked || !screen->rfb.pixels)
    return;
  /* The first is what hello waits for; then only what is shown soon. */
  if (screen->greeted
      && (!screen->view.id || screen->view.waiting || screen->view.damage.n > 0))
    return;
  screen->asked = true;
  bh_rfb_ask (&screen->rfb, !screen->greeted);
}

void
bh_view_changed (BhScreen *screen, const BhRfbRect *rect)
{
  BhView *view = &screen->view;

  if (!view->id)
    return;
  damage_add (&view->damage, rect);
  for (unsigned i = 0; i < view->slots; i++)
    if (!view->slot[i].bare)
      damage_add (&view->slot[i].stale, rect);
}

void
bh_view_resized (BhScreen *screen)
{
  BhView *view = &screen->view;

  for (unsigned i = 0; i < BH_MAX_SLOTS; i++)
    {
      view->slot[i].bare = true;
      view->slot[i].stale.n = 0;
    }
  if (view->id)
    damage_add_all (&view->damage, &screen->rfb);
}

/* The window. */

static void
set_size (BhScreen *screen, unsigned width, unsigned height)
{
  BhView *view = &screen->view;

  if (view->width == width && view->height == height)
    return;
  view->width = width;
  view->height = height;
  if (width >= LEAST_WIDTH && height >= LEAST_HEIGHT)
    bh_rfb_ask_size (&screen->rfb, width, height);
}

void
bh_view_open (BhScreen *screen, uint32_t launch)
{
  BhView *view = &screen->view;
  uint32_t id = view->last_id + 1, generation = view->generation;

  if (view->id)
    bh_view_close (screen, 0);
  *view = (BhView){ .id = id,
                    .last_id = id,
                    .launch = launch,
                    .generation = generation,
                    .width = view->width,
                    .height = view->height };
  if (view->width == 0)
    set_size (screen, screen->rfb.width, screen->rfb.height);
  BH_SEND (screen, WINDOW_NEW, window_new, .window = id, .launch = launch);
  BH_SEND (screen, WINDOW_TITLE, window_title, .window = id, .title = bh_str (screen->title));
  BH_SEND (screen, WINDOW_APP, window_app, .window = id, .app = bh_str ("desktop"));
  /* All that has happened while there was none. */
  damage_add_all (&view->damage, &screen->rfb);
}

void
bh_view_close (BhScreen *screen, uint32_t code)
{
  BhView *view = &screen->view;

  if (!view->id)
    return;
  bh_input_release (screen);
  BH_SEND (screen, WINDOW_GONE, window_gone, .window = view->id);
  view->id = 0;
  if (view->launch)
    BH_SEND (screen, EXITED, exited, .id = view->launch, .code = code, .tail = { (const uint8_t *) "", 0 });
}

void
bh_view_output (BhScreen *screen, const bh_msg_output *output)
{
  unsigned width = output->width * 120 / output->scale_120, height = output->height * 120 / output->scale_120;

  if (screen->view.width)
    return;
  /* A good part of the desktop, and room for the frame. */
  width = (width / 4 * 3) & ~7u;
  height = (height / 4 * 3) & ~7u;
  set_size (screen, width < LEAST_WIDTH ? LEAST_WIDTH : width,
            height < LEAST_HEIGHT ? LEAST_HEIGHT : height);
}

static void
configure (BhScreen *screen, const bh_msg_window_configure *configure)
{
  BhView *view = &screen->view;

  view->configured = view->again = true;
  view->serial = configure->serial;
  if (configure->width > 0 && configure->height > 0)
    set_size (screen, configure->width, configure->height);
}

void
bh_view_message (BhScreen *screen, const BhMessage *message)
{
  BhView *view = &screen->view;
  /* Each of them begins with the window. */
  bool ours = view->id && message->window_close.window == view->id;

  if (!ours)
    return;
  switch (message->type)
    {
    case BH_MSG_WINDOW_CONFIGURE:
      configure (screen, &message->window_configure);
      break;
    case BH_MSG_SLOTS:
      take_slots (screen, &message->slots);
      break;
    case BH_MSG_SLOT_FREE:
      if (message->slot_free.generation == view->generation)
        view->slot[message->slot_free.slot].busy = false;
      break;
    case BH_MSG_FRAME_DONE:
      view->waiting = false;
      break;
    case BH_MSG_WINDOW_CLOSE:
      bh_view_close (screen, 0);
      BH_SEND (screen, IDLE, idle, ._end = { 0 });
      break;
    case BH_MSG_WINDOW_REFUSED:
      bh_view_close (screen, 1);
      BH_SEND (screen, IDLE, idle, ._end = { 0 });
      break;
    default:
      break;
    }
}
