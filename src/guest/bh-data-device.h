/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clipboard, primary selection and drag and drop between the programs of this guest. Nothing of it goes
 * to the host. */
#pragma once

#include <glib.h>

#include "bh-seat.h"

/* What an application offers. */
struct _BhDataSource
{
  struct wl_resource *resource;
  BhSeat *seat;
  GPtrArray *types;
  struct wl_list offers; /* BhDataOffer.link */
  uint32_t actions;
  bool actions_set, used;
};

/* What another one is offered. */
typedef struct
{
  struct wl_resource *resource;
  struct wl_list link;
  BhDataSource *source; /* NULL when it has gone */
  bool drag, accepted, dropped, finished;
  uint32_t actions, preferred, action;
} BhDataOffer;

void bh_data_device_init (BhSeat *seat);
/* @client gets the keyboard, and so the selections. */
void bh_data_device_focus (BhSeat *seat, struct wl_client *client);
/* A new offer of @source for @device, announced to it. */
struct wl_resource *bh_data_offer_new (BhDataSource *source, struct wl_resource *device, bool drag);

/* Note another type of a source; too many or too long ones are left out. */
void bh_data_types_add (GPtrArray *types, const char *type);

/* bh-drag.c */
void bh_drag_start (BhSeat *seat, struct wl_client *client, struct wl_resource *source,
                    struct wl_resource *origin, struct wl_resource *icon, uint32_t serial);
void bh_drag_motion (BhSeat *seat, BhSurface *surface, double sx, double sy, uint32_t time);
void bh_drag_leave (BhSeat *seat);
void bh_drag_drop (BhSeat *seat);
void bh_drag_cancel (BhSeat *seat);
/* The source's or the target's actions have changed: choose one and tell both. */
void bh_drag_choose_action (BhDataOffer *offer);

/* bh-primary-selection.c */
void bh_primary_init (BhSeat *seat);
void bh_primary_focus (BhSeat *seat, struct wl_client *client);
