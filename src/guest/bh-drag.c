/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drag and drop inside one window and its subsurfaces. The host holds the pointer on the window in which
 * the button went down and says nothing of others, so a drag ends where that window does. */
#include <glib.h>

#include "bh-cursor.h"
#include "bh-data-device.h"

static const BhRole icon_role = { .name = "drag icon" };

static BhDataOffer *
offer_of_focus (BhSeat *seat)
{
  BhDataOffer *offer;

  if (!seat->drag.source || !seat->drag.focus)
    return NULL;
  wl_list_for_each (offer, &seat->drag.source->offers, link)
  {
    if (offer->drag && !offer->dropped
        && wl_resource_get_client (offer->resource)
               == wl_resource_get_client (seat->drag.focus->resource))
      return offer;
  }
  return NULL;
}

void
bh_drag_choose_action (BhDataOffer *offer)
{
  uint32_t common, action = 0;

  if (!offer->source)
    return;
  common = offer->actions & offer->source->actions;
  if (offer->preferred & common)
    action = offer->preferred;
  else if (common)
    action = common & -common; /* copy before move before ask */
  if (action == offer->action)
    return;
  offer->action = action;
  if (wl_resource_get_version (offer->source->resource) >= WL_DATA_SOURCE_ACTION_SINCE_VERSION)
    wl_data_source_send_action (offer->source->resource, action);
  if (wl_resource_get_version (offer->resource) >= WL_DATA_OFFER_ACTION_SINCE_VERSION)
    wl_data_offer_send_action (offer->resource, action);
}

void
bh_drag_start (BhSeat *seat, struct wl_client *client, struct wl_resource *source_resource,
               struct wl_resource *origin, struct wl_resource *icon_resource, uint32_t serial)
{
  BhDataSource *source = source_resource ? wl_resource_get_user_data (source_resource) : NULL;
  BhSurface *icon = bh_surface_get (icon_resource);

  if (icon && !bh_surface_set_role (icon, &icon_role, icon_resource, WL_DATA_DEVICE_ERROR_ROLE))
    return;
  if (source && source->used)
    {
      wl_resource_post_error (source_resource, WL_DATA_SOURCE_ERROR_INVALID_SOURCE,
                              "source is in use");
      return;
    }
  /* Only from a button that is down on this program (a finger cannot drag yet). */
  if (seat->drag.active || seat->pointer.buttons == 0 || !seat->pointer.surface
      || wl_resource_get_client (seat->pointer.surface->resource) != client)
    {
      if (source)
        wl_data_source_send_cancelled (source->resource);
      return;
    }
  bh_pointer_focus (seat, NULL, 0, 0);
  seat->drag.active = true;
  seat->drag.client = client;
  seat->drag.source = source;
  seat->drag.icon = icon;
  if (source)
    source->used = true;
  bh_pointer_refresh (seat);
}

static void
leave (BhSeat *seat)
{
  struct wl_resource *device;

  if (!seat->drag.focus)
    return;
  wl_resource_for_each (device, &seat->data_devices)
  {
    if (wl_resource_get_client (device) == wl_resource_get_client (seat->drag.focus->resource))
      wl_data_device_send_leave (device);
  }
  seat->drag.focus = NULL;
}

static void
enter (BhSeat *seat, BhSurface *surface, double sx, double sy)
{
  struct wl_client *client = wl_resource_get_client (surface->resource);
  uint32_t serial = wl_display_next_serial (seat->server->display);
  struct wl_resource *device;

  /* Without a source the drag is the program's own affair (wayland.xml, start_drag). */
  if (!seat->drag.source && client != seat->drag.client)
    return;
  seat->drag.focus = surface;
  wl_resource_for_each (device, &seat->data_devices)
  {
    if (wl_resource_get_client (device) == client)
      wl_data_device_send_enter (
          device, serial, surface->resource, wl_fixed_from_double (sx), wl_fixed_from_double (sy),
          seat->drag.source ? bh_data_offer_new (seat->drag.source, device, true) : NULL);
  }
}

void
bh_drag_motion (BhSeat *seat, BhSurface *surface, double sx, double sy, uint32_t time)
{
  struct wl_resource *device;

  if (surface != seat->drag.focus)
    {
      leave (seat);
      if (surface)
        enter (seat, surface, sx, sy);
      return;
    }
  if (!surface)
    return;
  wl_resource_for_each (device, &seat->data_devices)
  {
    if (wl_resource_get_client (device) == wl_resource_get_client (surface->resource))
      wl_data_device_send_motion (device, time, wl_fixed_from_double (sx),
                                  wl_fixed_from_double (sy));
  }
}

void
bh_drag_leave (BhSeat *seat)
{
  if (seat->drag.active)
    leave (seat);
}

static void
end (BhSeat *seat)
{
  seat->drag.active = false;
  seat->drag.source = NULL;
  seat->drag.icon = NULL;
  seat->drag.focus = NULL;
}

void
bh_drag_drop (BhSeat *seat)
{
  BhDataOffer *offer = offer_of_focus (seat);
  BhDataSource *source = seat->drag.source;
  struct wl_resource *device;
  bool taken;

  /* Old targets have no actions; accepting a type is all they can do. */
  taken = offer && offer->accepted
          && (offer->action != 0
              || wl_resource_get_version (offer->resource) < WL_DATA_OFFER_ACTION_SINCE_VERSION);
  if (seat->drag.focus && (taken || !source))
    {
      wl_resource_for_each (device, &seat->data_devices)
      {
        if (wl_resource_get_client (device) == wl_resource_get_client (seat->drag.focus->resource))
          wl_data_device_send_drop (device);
      }
      if (offer)
        offer->dropped = true;
      if (source
          && wl_resource_get_version (source->resource)
                 >= WL_DATA_SOURCE_DND_DROP_PERFORMED_SINCE_VERSION)
        wl_data_source_send_dnd_drop_performed (source->resource);
    }
  else
    {
      leave (seat);
      if (source)
        wl_data_source_send_cancelled (source->resource);
    }
  end (seat);
}

void
bh_drag_cancel (BhSeat *seat)
{
  if (!seat->drag.active)
    return;
  leave (seat);
  if (seat->drag.source)
    wl_data_source_send_cancelled (seat->drag.source->resource);
  end (seat);
}
