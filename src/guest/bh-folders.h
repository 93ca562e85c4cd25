/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Folders of the host, mounted while they are offered. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <wayland-server-core.h>

typedef struct _BhFolders BhFolders;

BhFolders *bh_folders_new (struct wl_event_loop *loop);
void bh_folders_free (BhFolders *folders);

/* From now on mount what is offered, for the user @uid whose home is @home. Returns when @expected folders
 * have been mounted or have failed, or after some seconds. With @shared_home one of them is @home: false when
 * that did not come. */
bool bh_folders_start (BhFolders *folders, uid_t uid, const char *home, uint32_t expected,
                       bool shared_home);
