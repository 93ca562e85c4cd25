/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The device /dev/video of the guest, while the user lets it have a camera and v4l2loopback is installed on the
 * computer whose modules the guest has. What is seen through it comes from bulkhead-media. Root, in a VM only. */
#pragma once

#include <stdbool.h>
#include <wayland-server-core.h>

typedef struct _BhVideo BhVideo;

BhVideo *bh_video_new (struct wl_event_loop *loop);
void bh_video_free (BhVideo *video);

/* /usr is there, with modules. */
void bh_video_start (BhVideo *video);
/* Have the device, or have none: programs that still have it open see nothing more, and no other can open it. */
void bh_video_switch (BhVideo *video, bool on);
/* A program is about to start: wait until the device that it may look for is a camera, at most 5 s, and only once each
 * time the user has let the AppVM have one. Whoever makes it a camera must have been told before. */
void bh_video_settle (BhVideo *video);
