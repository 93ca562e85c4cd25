/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The channel to the guest: the only place where guest bytes are read.
 *
 * Should: hand each well-formed message to the one part that checks its meaning, at no more than
 * the guest's share of work; end the proxy (exit code BH_EXIT_GUEST) on anything a correct guest
 * cannot send. Mustn't: repair, guess, keep a pointer into a message, or queue without bound. */
#pragma once

#include "bh-proxy.h"

/* @fd becomes the link's. */
BhGuestLink *bh_guest_link_new (BhProxy *proxy, int fd);
void bh_guest_link_free (BhGuestLink *link);

/* Start to read. */
void bh_guest_link_attach (BhGuestLink *link);

/* Read no guest bytes while @paused (the compositor does not keep up). */
void bh_guest_link_set_paused (BhGuestLink *link, gboolean paused);

/* Send @msg. Before the guest's hello nothing is sent. With much queued already motion is left out
 * first; a guest that reads nothing at all is given up. */
void bh_guest_link_send (BhGuestLink *link, BhMessageType type, const void *msg);

/* Bytes of @stream that wait for the guest. */
gsize bh_guest_link_get_queued (BhGuestLink *link, BhStreamId stream);

/* BH_SEND (proxy, FRAME_DONE, frame_done, .window = 1, .time = 2) */
#define BH_SEND(proxy, CONST, name, ...)                                                           \
  bh_guest_link_send ((proxy)->guest, BH_MSG_##CONST, &(bh_msg_##name){ __VA_ARGS__ })
