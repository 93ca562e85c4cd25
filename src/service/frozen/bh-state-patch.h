/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A frozen guest's device state, as a QEMU takes it that is told nothing but where it is. */
#pragma once

#include <gio/gio.h>

/**
 * bh_state_patch:
 * @state: QEMU's migration stream, written with the capability x-ignore-shared; changed in place
 * @size: its size in bytes
 *
 * A stream written with x-ignore-shared has no content of memory in it, and says for each block of memory where it
 * was mapped. QEMU wants the same capability of whoever reads it, which only its monitor can give; and it compares
 * the addresses, of which that of the shared region never fits: the new QEMU has not mapped it yet. Without the
 * addresses, and without its list of capabilities, it is a plain stream in which the content of no block has
 * changed, and QEMU loads it by itself (-incoming).
 *
 * Returns: the new size, which is smaller; 0 with @error set (%BH_ERROR_FAILED) and @state unchanged when the stream
 * is not as expected
 */
gsize bh_state_patch (guint8 *state, gsize size, GError **error);
