/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way to the host: the byte channel, in a VM a virtio port, and the shared region.
 *
 * In a VM the port is opened anew whenever the host's side has gone, which drops what of the old
 * connection was left in it; as soon as somebody is there again the guest speaks first. */
#pragma once

#include <stdbool.h>
#include <wayland-server.h>

#include "bh-stream.h"

typedef struct _BhLink BhLink;

typedef struct
{
  /* Someone is there: say hello. */
  void (*connected) (void *data);
  /* Nobody is there any more. With @forever there will not be. */
  void (*disconnected) (void *data, bool forever);
  /* nobody has come for ten seconds */
  void (*alone) (void *data);
  void (*message) (void *data, const BhMessage *message);
  /* Queued messages have left. */
  void (*drained) (void *data);
} BhLinkFuncs;

/* In a VM: find port and region. NULL when there is no port. */
BhLink *bh_link_new_vm (struct wl_event_loop *loop, const BhLinkFuncs *funcs, void *data);
/* A port at a path of its own, that comes and goes as a VM's does. */
BhLink *bh_link_new_port (struct wl_event_loop *loop, const char *port, int region_fd,
                          const BhLinkFuncs *funcs, void *data);
/* @fd and @region_fd (or -1) become the link's. */
BhLink *bh_link_new_pair (struct wl_event_loop *loop, int fd, int region_fd,
                          const BhLinkFuncs *funcs, void *data);
void bh_link_free (BhLink *link);

/* Calls connected() as soon as it can. */
void bh_link_start (BhLink *link);
/* Whether it does nothing else for a moment after the host's side has gone: a guest that is frozen in that moment
 * has no timer to wait for and no sleep to wake from when it is thawed, which is much code to run for the first
 * time. */
void bh_link_set_eager (BhLink *link, bool eager);
bool bh_link_is_connected (const BhLink *link);
/* Whether so much waits to be sent that nothing new should be begun. */
bool bh_link_is_congested (const BhLink *link);
size_t bh_link_get_queued (const BhLink *link, BhStreamId stream);
/* False when it was not queued. */
bool bh_link_send (BhLink *link, BhMessageType type, const void *message);
/* Once per turn of the main loop. */
void bh_link_flush (BhLink *link);
/* NULL, and @size 0, when there is none. */
uint8_t *bh_link_get_region (const BhLink *link, size_t *size);
