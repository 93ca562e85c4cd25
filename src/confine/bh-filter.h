/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * System calls that a confined program does not need, and whoever took it over would. */
#pragma once

#include <stdbool.h>

/* What a program keeps that others lose. */
typedef enum
{
  BH_LEAVE_NOTHING = 0,
  /* Sockets for what the kernel says of devices, as every program may make them; libusb, which QEMU loads when a USB
   * device is plugged in, does not start without. */
  BH_LEAVE_DEVICE_EVENTS = 1 << 0,
  /* Sockets of this computer, and connecting them. Which, no filter can tell. */
  BH_LEAVE_LOCAL_SOCKETS = 1 << 1,
} BhFilterLeave;

/* For this process, for good. No-new-privileges has to be set. False with errno set. */
bool bh_filter_install (BhFilterLeave leave);
