/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernel modules of the initramfs. */
#pragma once

/* Load what @dir/order names, in its order, and remove the folder's files to free their memory. One
 * that cannot be loaded is told on the console and left out: the service sees what does not work
 * for lack of it. */
void bh_modules_load (const char *dir);
