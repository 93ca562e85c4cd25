/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * zwp_primary_selection_v1: what is marked, for the middle button; between programs of this guest. */
#include <unistd.h>

#include "bh-data-device.h"
#include "primary-selection-unstable-v1-server.h"

typedef struct _BhPrimarySource
{
  struct wl_resource *resource;
  BhSeat *seat;
  GPtrArray *types;
  struct wl_list offers; /* resources */
} PrimarySource;

static void
offer_receive (struct wl_client *client, struct wl_resource *resource, const char *type, int32_t fd)
{
  PrimarySource *source = wl_resource_get_user_data (resource);

  if (source)
    zwp_primary_selection_source_v1_send_send (source->resource, type, fd);
  close (fd);
}

static const struct zwp_primary_selection_offer_v1_interface offer_implementation = {
  .receive = offer_receive,
  .destroy = bh_server_destroy_resource,
};

static void
unlink_resource (struct wl_resource *resource)
{
  wl_list_remove (wl_resource_get_link (resource));
}

static struct wl_resource *
offer_new (PrimarySource *source, struct wl_resource *device)
{
  struct wl_resource *offer = wl_resource_create (wl_resource_get_client (device),
                                                  &zwp_primary_selection_offer_v1_interface,
                                                  wl_resource_get_version (device), 0);

  if (!offer)
    return NULL;
  wl_resource_set_implementation (offer, &offer_implementation, source, unlink_resource);
  wl_list_insert (&source->offers, wl_resource_get_link (offer));
  zwp_primary_selection_device_v1_send_data_offer (device, offer);
  for (guint i = 0; i < source->types->len; i++)
    zwp_primary_selection_offer_v1_send_offer (offer, source->types->pdata[i]);
  return offer;
}

void
bh_primary_focus (BhSeat *seat, struct wl_client *client)
{
  struct wl_resource *device;

  wl_resource_for_each (device, &seat->primary_devices)
  {
    if (wl_resource_get_client (device) == client)
      zwp_primary_selection_device_v1_send_selection (
          device, seat->primary ? offer_new (seat->primary, device) : NULL);
  }
}

static void
source_offer (struct wl_client *client, struct wl_resource *resource, const char *type)
{
  bh_data_types_add (((PrimarySource *) wl_resource_get_user_data (resource))->types, type);
}

static const struct zwp_primary_selection_source_v1_interface source_implementation = {
  .offer = source_offer,
  .destroy = bh_server_destroy_resource,
};

static void
source_gone (struct wl_resource *resource)
{
  PrimarySource *source = wl_resource_get_user_data (resource);
  BhSeat *seat = source->seat;
  struct wl_resource *offer, *next;

  wl_resource_for_each_safe (offer, next, &source->offers)
  {
    wl_list_remove (wl_resource_get_link (offer));
    wl_list_init (wl_resource_get_link (offer));
    wl_resource_set_user_data (offer, NULL);
  }
  if (seat->primary == source)
    {
      seat->primary = NULL;
      bh_primary_focus (seat, bh_seat_keyboard_client (seat));
    }
  g_ptr_array_unref (source->types);
  g_free (source);
}

static void
device_set_selection (struct wl_client *client, struct wl_resource *resource,
                      struct wl_resource *source_resource, uint32_t serial)
{
  BhSeat *seat = wl_resource_get_user_data (resource);
  PrimarySource *source = source_resource ? wl_resource_get_user_data (source_resource) : NULL;
  PrimarySource *old = seat->primary;

  if (client != bh_seat_keyboard_client (seat))
    {
      if (source)
        zwp_primary_selection_source_v1_send_cancelled (source->resource);
      return;
    }
  if (old == source)
    return;
  seat->primary = source;
  if (old)
    zwp_primary_selection_source_v1_send_cancelled (old->resource);
  bh_primary_focus (seat, client);
}

static const struct zwp_primary_selection_device_v1_interface device_implementation = {
  .set_selection = device_set_selection,
  .destroy = bh_server_destroy_resource,
};

static void
manager_create_source (struct wl_client *client, struct wl_resource *manager, uint32_t id)
{
  struct wl_resource *resource = wl_resource_create (
      client, &zwp_primary_selection_source_v1_interface, wl_resource_get_version (manager), id);
  PrimarySource *source;

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  source = g_new0 (PrimarySource, 1);
  source->resource = resource;
  source->seat = wl_resource_get_user_data (manager);
  source->types = g_ptr_array_new_with_free_func (g_free);
  wl_list_init (&source->offers);
  wl_resource_set_implementation (resource, &source_implementation, source, source_gone);
}

static void
manager_get_device (struct wl_client *client, struct wl_resource *manager, uint32_t id,
                    struct wl_resource *seat_resource)
{
  BhSeat *seat = wl_resource_get_user_data (manager);
  struct wl_resource *resource = wl_resource_create (
      client, &zwp_primary_selection_device_v1_interface, wl_resource_get_version (manager), id);

  if (!resource)
    {
      wl_client_post_no_memory (client);
      return;
    }
  wl_resource_set_implementation (resource, &device_implementation, seat, unlink_resource);
  wl_list_insert (&seat->primary_devices, wl_resource_get_link (resource));
  if (bh_seat_keyboard_client (seat) == client)
    zwp_primary_selection_device_v1_send_selection (
        resource, seat->primary ? offer_new (seat->primary, resource) : NULL);
}

static const struct zwp_primary_selection_device_manager_v1_interface manager_implementation = {
  .create_source = manager_create_source,
  .get_device = manager_get_device,
  .destroy = bh_server_destroy_resource,
};

BH_BIND (bind_manager, zwp_primary_selection_device_manager_v1_interface, manager_implementation)

void
bh_primary_init (BhSeat *seat)
{
  wl_global_create (seat->server->display, &zwp_primary_selection_device_manager_v1_interface, 1,
                    seat, bind_manager);
}
