/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys of Linux as the numbers that QEMU's extended key event has. */
#pragma once

/* @key: as in linux/input-event-codes.h. The PC keyboard's first set, with 0x80 for those after 0xe0; 0: none. */
unsigned bh_scancode_of (unsigned key);
