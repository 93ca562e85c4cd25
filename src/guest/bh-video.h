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
