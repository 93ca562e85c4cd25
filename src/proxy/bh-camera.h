/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera of the AppVM: between the guest and bulkhead-camera.
 *
 * Should: let pictures through only while the user allows it and a program in the guest looks, no more than the
 * guest has asked for, and end the proxy when it asks for more than it may. Mustn't: look into a picture, keep
 * more than what is on its way, or let bulkhead-camera hear more of a guest than that it looks and at which size. */
#pragma once

#include "bh-proxy.h"

BhCamera *bh_camera_new (BhProxy *proxy);
void bh_camera_free (BhCamera *camera);

/* The guest is there: tell it what is allowed. */
void bh_camera_hello (BhCamera *camera);

/* A message of the camera stream. NULL, or what was wrong with it. */
const char *bh_camera_message (BhCamera *camera, const BhMessage *untrusted);

/* Whether the guest has a camera, from now on. */
void bh_camera_set_allowed (BhCamera *camera, gboolean allowed);

/* The other end of @fd is bulkhead-camera's; @fd becomes the proxy's. */
void bh_camera_connect (BhCamera *camera, int fd);
