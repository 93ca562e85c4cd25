/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Giving back memory after a burst of work. */
#pragma once

/**
 * bh_trim_later:
 * Some seconds from now: free heap, and the code of libraries that was needed for the burst only (libvirt
 * alone brings some fifty of them). What is used again comes back from the page cache, without a disk.
 */
void bh_trim_later (void);
