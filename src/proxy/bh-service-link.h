/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The proxy's D-Bus object on the socket to the service (io.github.bulkhead.Proxy1.xml).
 *
 * Text of the guest is cleaned here before it goes on. */
#pragma once

#include "bh-proxy.h"

/* @fd becomes the link's. Handshakes at once; nothing is dispatched before bh_service_link_start.
 */
BhServiceLink *bh_service_link_new (BhProxy *proxy, int fd, GError **error);
gboolean bh_service_link_start (BhServiceLink *link, GError **error);
void bh_service_link_free (BhServiceLink *link);

void bh_service_link_hello (BhServiceLink *link, const char *untrusted_build, gsize len,
                            gboolean configured);
void bh_service_link_configured (BhServiceLink *link, const bh_msg_configured *untrusted);
void bh_service_link_launched (BhServiceLink *link, const bh_msg_launched *untrusted);
void bh_service_link_exited (BhServiceLink *link, const bh_msg_exited *untrusted);
void bh_service_link_network_state (BhServiceLink *link, const bh_msg_network_state *untrusted);
/* The guest plays or records and may: bulkhead-sound is needed. */
void bh_service_link_sound_wanted (BhServiceLink *link);
/* A program in the guest looks through the camera and may, or does not any more. */
void bh_service_link_camera_wanted (BhServiceLink *link, gboolean wanted);
void bh_service_link_idle (BhServiceLink *link);
void bh_service_link_windows (BhServiceLink *link, guint32 launch, guint count);
/* For people; the same text at most once in ten seconds. */
void bh_service_link_notice (BhServiceLink *link, const char *text);
/* Says it and waits until it is sent. */
void bh_service_link_failed (BhServiceLink *link, const char *reason, const char *detail);
