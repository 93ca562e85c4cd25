/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one place of a frozen guest's device state that a thawed guest cannot take as it is. */
#pragma once

#include <gio/gio.h>

/**
 * bh_state_patch_region:
 * @state: QEMU's migration stream, changed in place
 * @id: id of the memory of the shared region
 * @region_bytes: its size
 *
 * QEMU refuses a stream in which memory that is not part of it (the shared region) was mapped into the
 * guest: the new QEMU has not mapped it yet when it compares. The address in the stream serves for nothing
 * but that comparison, so it becomes 0. Where the region was not mapped it is 0 already.
 *
 * Errors: %BH_ERROR_FAILED when the stream is not as expected: no or more than one such place.
 */
gboolean bh_state_patch_region (guint8 *state, gsize size, const char *id, guint64 region_bytes,
                                GError **error);
