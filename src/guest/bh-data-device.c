/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wl_data_device: the clipboard between the programs of this guest. */
#include "bh-data-device.h"

#include <unistd.h>

#define MAX_TYPES 256
#define MAX_TYPE_LENGTH 1024
#define ALL_ACTIONS                                                                                \
  (WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY | WL_DATA_DEVICE_MANAGER_DND_ACTION_MOVE                 \
   | WL_DATA_DEVICE_MANAGER_DND_ACTION_ASK)

static void
offer_accept (struct wl_client *client, struct wl_resource *resource, uint32_t serial,
              const char *type)
{
  BhDataOffer *offer = wl_resource_get_user_data (resource);

  if (!offer->source || offer->finished)
    return;
  offer->accepted = type != NULL;
  wl_data_source_send_target (offer->source->resource, type);
}

static void
offer_receive (struct wl_client *client, struct wl_resource *resource, const char *type, int32_t fd)
{
  BhDataOffer *offer = wl_resource_get_user_data (resource);

  if (offer->source && !offer->finished)
    wl_data_source_send_send (offer->source->resource, type, fd);
  close (fd);
}

static void
offer_finish (struct wl_client *client, struct wl_resource *resource)
{
  BhDataOffer *offer = wl_resource_get_user_data (resource);

  if (!offer->drag || !offer->dropped || offer->finished || !offer->accepted
      || (offer->source && offer->action == 0))
    {
      wl_resource_post_error (resource, WL_DATA_OFFER_ERROR_INVALID_FINISH, "nothing to finish");
      return;
    }
  offer->finished = true;
  if (offer->source
      && wl_resource_get_version (offer->source->resource)
             >= WL_DATA_SOURCE_DND_FINISHED_SINCE_VERSION)
    wl_data_source_send_dnd_finished (offer->source->resource);
}

static void
offer_set_actions (struct wl_client *client, struct wl_resource *resource, uint32_t actions,
                   uint32_t preferred)
{
  BhDataOffer *offer = wl_resource_get_user_data (resource);

  if (actions & ~ALL_ACTIONS)
    {
      wl_resource_post_error (resource, WL_DATA_OFFER_ERROR_INVALID_ACTION_MASK, "actions %x",
                              actions);
      return;
    }
  if (preferred && (!(preferred & actions) || __builtin_popcount (preferred) != 1))
    {
      wl_resource_post_error (resource, WL_DATA_OFFER_ERROR_INVALID_ACTION, "action %x", preferred);
      return;
    }
  if (!offer->drag)
    {
      wl_resource_post_error (resource, WL_DATA_OFFER_ERROR_INVALID_OFFER, "not of a drag");
      return;
    }
  offer->actions = actions;
  offer->preferred = preferred;
  bh_drag_choose_action (offer);
}

static const struct wl_data_offer_interface offer_implementation = {
  .accept = offer_accept,
  .receive = offer_receive,
  .destroy = bh_server_destroy_resource,
  .finish = offer_finish,
  .set_actions = offer_set_actions,
};

static void
offer_gone (struct wl_resource *resource)
{
  BhDataOffer *offer = wl_resource_get_user_data (resource);

  if (offer->source)
    {
      wl_list_remove (&offer->link);
      /* Dropped, and thrown away without an answer: the source hears of it. */
      if (offer->drag && offer->dropped && !offer->finished)
        {
          if (wl_resource_get_version (resource) < WL_DATA_OFFER_FINISH_SINCE_VERSION)
            {
              if (wl_resource_get_version (offer->source->resource)
                  >= WL_DATA_SOURCE_DND_FINISHED_SINCE_VERSION)
                wl_data_source_send_dnd_finished (offer->source->resource);
            }
          else
            wl_data_source_send_cancelled (offer->source->resource);
        }
    }
  g_free (offer);
}

struct wl_resource *
bh_data_offer_new (BhDataSource *source, struct wl_resource *device, bool drag)
{
  struct wl_resource *resource =
      wl_resource_create (wl_resource_get_client (device), &wl_data_offer_interface,
                          wl_resource_get_version (device), 0);
  BhDataOffer *offer;

  if (!resource)
    return NULL;
  offer = g_new0 (BhDataOffer, 1);
  offer->resource = resource;
  offer->source = source;
  offer->drag = drag;
  wl_list_insert (&source->offers, &offer->link);
  wl_resource_set_implementation (resource, &offer_implementation, offer, offer_gone);
  wl_data_device_send_data_offer (device, resource);
  for (guint i = 0; i < source->types->len; i++)
    wl_data_offer_send_offer (resource, source->types->pdata[i]);
  if (drag && wl_resource_get_version (resource) >= WL_DATA_OFFER_SOURCE_ACTIONS_SINCE_VERSION)
    wl_data_offer_send_source_actions (resource, source->actions);
  return resource;
}

void
bh_data_types_add (GPtrArray *types, const char *type)
{
  if (types->len < MAX_TYPES && strlen (type) <= MAX_TYPE_LENGTH)
    g_ptr_array_add (types, g_strdup (type));
}

static void
source_offer (struct wl_client *client, struct wl_resource *resource, const char *type)
{
  bh_data_types_add (((BhDataSource *) wl_resource_get_user_data (resource))->types, type);
}

static void
source_set_actions (struct wl_client *client, struct wl_resource *resource, uint32_t actions)
{
  BhDataSource *source = wl_resource_get_user_data (resource);

  if (actions & ~ALL_ACTIONS)
    {
      wl_resource_post_error (resource, WL_DATA_SOURCE_ERROR_INVALID_ACTION_MASK, "actions %x",
                              actions);
      return;
    }
  if (source->used || source->actions_set)
    {
      wl_resource_post_error (resource, WL_DATA_SOURCE_ERROR_INVALID_SOURCE, "source is in use");
      return;
    }
  source->actions = actions;
  source->actions_set = true;
}

static const struct wl_data_source_interface source_implementation = {
  .offer = source_offer,
  .destroy = bh_server_destroy_resource,
  .set_actions = source_set_actions,
};

static void
send_selection (BhSeat *seat, struct wl_client *client)
{
  struct wl_resource *device;

  wl_resource_for_each (device, &seat->data_devices)
  {
    if (wl_resource_get_client (device) == client)
      wl_data_device_send_selection (
          device, seat->selection ? bh_data_offer_new (seat->selection, device, false) : NULL);
  }
}

static void
source_gone (struct wl_resource *resource)
{
  BhDataSource *source = wl_resource_get_user_data (resource);
  BhSeat *seat = source->seat;
  BhDataOffer *offer, *next;

  wl_list_for_each_safe (offer, next, &source->offers, link)
  {
    wl_list_remove (&offer->link);
    offer->source = NULL;
  }
  if (seat->drag.source == source)
    {
      seat->drag.source = NULL;
      bh_drag_cancel (seat);
    }
  if (seat->selection == source)
    {
      seat->selection = NULL;
      send_selection (seat, bh_seat_keyboard_client (seat));
    }
  g_ptr_array_unref (source->types);
  g_free (source);
}

static void
manager_create_data_source (struct wl_client *client, struct wl_resource *manager, uint32_t id)
{
  struct wl_resource *resource =
      wl_resource_create (client, &wl_data_source_interface, wl_resource_get_version (manager), id);
  BhDataSource *source;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  source = g_new0 (BhDataSource, 1);
  source->resource = resource;
  source->seat = wl_resource_get_user_data (manager);
  source->types = g_ptr_array_new_with_free_func (g_free);
  wl_list_init (&source->offers);
  wl_resource_set_implementation (resource, &source_implementation, source, source_gone);
}

static void
device_start_drag (struct wl_client *client, struct wl_resource *resource,
                   struct wl_resource *source, struct wl_resource *origin, struct wl_resource *icon,
                   uint32_t serial)
{
  bh_drag_start (wl_resource_get_user_data (resource), client, source, origin, icon, serial);
}

static void
device_set_selection (struct wl_client *client, struct wl_resource *resource,
                      struct wl_resource *source_resource, uint32_t serial)
{
  BhSeat *seat = wl_resource_get_user_data (resource);
  BhDataSource *source = source_resource ? wl_resource_get_user_data (source_resource) : NULL;
  BhDataSource *old = seat->selection;

  /* Only who has the keyboard may: a program in the background cannot take the clipboard. */
  if (client != bh_seat_keyboard_client (seat))
    {
      if (source)
        wl_data_source_send_cancelled (source->resource);
      return;
    }
  if (source && (source->used || source->actions_set))
    {
      wl_resource_post_error (source_resource, WL_DATA_SOURCE_ERROR_INVALID_SOURCE,
                              "the source is in use, or meant for a drag");
      return;
    }
  if (old == source)
    return;
  if (source)
    source->used = true;
  seat->selection = source;
  if (old)
    wl_data_source_send_cancelled (old->resource);
  send_selection (seat, client);
}

static const struct wl_data_device_interface device_implementation = {
  .start_drag = device_start_drag,
  .set_selection = device_set_selection,
  .release = bh_server_destroy_resource,
};

static void
device_gone (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

static void
manager_get_data_device (struct wl_client *client, struct wl_resource *manager, uint32_t id,
                         struct wl_resource *seat_resource)
{
  BhSeat *seat = wl_resource_get_user_data (manager);
  struct wl_resource *resource =
      wl_resource_create (client, &wl_data_device_interface, wl_resource_get_version (manager), id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &device_implementation, seat, device_gone);
  wl_list_insert (&seat->data_devices, wl_resource_get_link (resource));
  if (bh_seat_keyboard_client (seat) == client)
    wl_data_device_send_selection (
        resource, seat->selection ? bh_data_offer_new (seat->selection, resource, false) : NULL);
}

static const struct wl_data_device_manager_interface manager_implementation = {
  .create_data_source = manager_create_data_source,
  .get_data_device = manager_get_data_device,
};

BH_BIND (bind_manager, wl_data_device_manager_interface, manager_implementation)

void
bh_data_device_init (BhSeat *seat)
{
  wl_global_create (seat->server->display, &wl_data_device_manager_interface, 3, seat,
                    bind_manager);
}

void
bh_data_device_focus (BhSeat *seat, struct wl_client *client)
{
  send_selection (seat, client);
  bh_primary_focus (seat, client);
}
