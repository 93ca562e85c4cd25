/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Picture slots of one window.
 *
 * Rules: bounds come from the slot the host handed out, never from the message; all arithmetic on
 * the guest's numbers is 64-bit and checked (bh-checked.h). */
#include "config.h"

#include "bh-slots.h"

#include "bh-guest-link.h"
#include "bh-region.h"

static void
set_free (gpointer data)
{
  BhSlotSet *set = data;

  for (guint i = 0; i < set->count; i++)
    g_clear_pointer (&set->slots[i].buffer, wl_buffer_destroy);
  if (set->count > 0)
    bh_region_release (set->region, set->offset);
  g_free (set);
}

GPtrArray *
bh_slots_new (void)
{
  return g_ptr_array_new_with_free_func (set_free);
}

void
bh_slots_free (GPtrArray *sets)
{
  g_ptr_array_unref (sets);
}

static BhSlotSet *
current (GPtrArray *sets)
{
  return sets->len > 0 ? g_ptr_array_index (sets, sets->len - 1) : NULL;
}

/* Free a retired set the compositor is done with. @set is gone when it returns TRUE. */
static gboolean
collect (BhSlotSet *set)
{
  if (!set->retired)
    return FALSE;
  for (guint i = 0; i < set->count; i++)
    if (set->slots[i].busy)
      return FALSE;
  g_ptr_array_remove (set->owner, set);
  return TRUE;
}

void
bh_slot_release (BhSlot *slot)
{
  BhSlotSet *set = slot->set;

  if (!slot->busy)
    return;
  slot->busy = FALSE;
  if (collect (set))
    return;
  if (!set->retired)
    BH_SEND (set->proxy, SLOT_FREE, slot_free, .window = set->window, .generation = set->generation,
             .slot = (guint32) (slot - set->slots));
}

static void
buffer_release (void *data, struct wl_buffer *buffer)
{
  bh_slot_release (data);
}

static const struct wl_buffer_listener buffer_listener = { .release = buffer_release };

struct wl_buffer *
bh_slot_get_buffer (BhSlot *slot, int width, int height, int stride)
{
  BhSlotSet *set = slot->set;
  guint index = (guint) (slot - set->slots);

  if (slot->buffer && (slot->width != width || slot->height != height || slot->stride != stride))
    g_clear_pointer (&slot->buffer, wl_buffer_destroy);
  if (!slot->buffer)
    {
      slot->buffer = bh_region_create_buffer (
          set->region, set->offset + (guint64) index * set->bytes, width, height, stride);
      wl_buffer_add_listener (slot->buffer, &buffer_listener, slot);
      slot->width = width;
      slot->height = height;
      slot->stride = stride;
    }
  return slot->buffer;
}

/* Memory for @set: in the shared region, else in the proxy's own. */
static gboolean
allocate (BhProxy *proxy, BhSlotSet *set)
{
  guint64 total = (guint64) set->bytes * set->count;

  set->region = proxy->shared;
  if (set->region && bh_region_alloc (set->region, total, &set->offset))
    return TRUE;
  if (!proxy->memory)
    {
      g_autoptr (GError) error = NULL;

      proxy->memory = bh_region_new_own (proxy->display, &error);
      if (!proxy->memory)
        g_warning ("%s", error->message);
    }
  set->region = proxy->memory;
  return set->region && bh_region_alloc (set->region, total, &set->offset);
}

const char *
bh_slots_want (BhProxy *proxy, GPtrArray *sets, const bh_msg_slots_want *untrusted)
{
  BhSlotSet *old = current (sets), *set;

  if (old && untrusted->generation <= old->generation)
    return "slots of a generation that was already";
  if (old)
    {
      old->retired = TRUE;
      collect (old);
    }
  set = g_new0 (BhSlotSet, 1);
  set->proxy = proxy;
  set->owner = sets;
  set->window = untrusted->window;
  set->generation = untrusted->generation;
  set->bytes = (untrusted->bytes + 4095u) & ~4095u;
  for (guint i = 0; i < BH_MAX_SLOTS; i++)
    set->slots[i].set = set;
  /* Fewer than wanted are better than none. */
  if (sets->len < BH_MAX_RETIRED)
    for (set->count = untrusted->count; set->count > 0; set->count--)
      if (allocate (proxy, set))
        break;
  g_ptr_array_add (sets, set);
  BH_SEND (proxy, SLOTS, slots, .window = set->window, .generation = set->generation,
           .count = set->count, .by_channel = set->count > 0 && !bh_region_is_shared (set->region),
           .offset = set->count > 0 && bh_region_is_shared (set->region) ? set->offset : 0,
           .bytes = set->count > 0 ? set->bytes : 0);
  return NULL;
}

BhSlot *
bh_slots_find (GPtrArray *sets, const bh_msg_frame *untrusted, const char **wrong)
{
  BhSlotSet *set = current (sets);

  *wrong = NULL;
  if (!set || untrusted->generation > set->generation)
    {
      *wrong = "a frame in slots that were never given";
      return NULL;
    }
  if (untrusted->generation < set->generation)
    return NULL;
  if (untrusted->slot >= set->count)
    *wrong = "a frame in a slot that does not exist";
  else if (set->slots[untrusted->slot].busy)
    *wrong = "a frame in a slot that is in use";
  /* A stride between pixels crashes compositors that count in pixels (pixman wants whole words). */
  else if (untrusted->stride % 4 != 0
           || !bh_picture_fits (untrusted->width, untrusted->height, untrusted->stride, set->bytes))
    *wrong = "a picture larger than its slot";
  return *wrong ? NULL : &set->slots[untrusted->slot];
}

const char *
bh_slots_fill (GPtrArray *sets, const bh_msg_pixels *untrusted)
{
  BhSlotSet *set = current (sets);

  if (!set || untrusted->generation > set->generation)
    return "pixels for slots that were never given";
  if (untrusted->generation < set->generation)
    return NULL;
  if (untrusted->slot >= set->count || bh_region_is_shared (set->region))
    return "pixels for a slot that takes none";
  if (!bh_range_fits (untrusted->offset, untrusted->data.len, set->bytes))
    return "pixels beyond their slot";
  bh_region_write (set->region,
                   set->offset + (guint64) untrusted->slot * set->bytes + untrusted->offset,
                   untrusted->data.data, untrusted->data.len);
  return NULL;
}

gboolean
bh_slots_has (GPtrArray *sets, const BhSlot *slot)
{
  for (guint i = 0; i < sets->len; i++)
    {
      BhSlotSet *set = g_ptr_array_index (sets, i);

      for (guint j = 0; j < set->count; j++)
        if (slot == &set->slots[j])
          return TRUE;
    }
  return FALSE;
}
