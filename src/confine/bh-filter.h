/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * System calls that a confined program does not need, and whoever took it over would. */
#pragma once

#include <stdbool.h>

/* For this process, for good. No-new-privileges has to be set. False with errno set.
 * @hears_devices: it may make sockets for what the kernel says of devices, as every program may; libusb, which QEMU
 * loads when a USB device is plugged in, does not start without. */
bool bh_filter_install (bool hears_devices);
