/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USB devices that are plugged into a running machine and out of it. */
#pragma once

#include "bh-hypervisor.h"

/* How many a machine can have at once; each has a slot. */
#define BH_USB_SLOTS 8

/**
 * bh_usb_plug_in_async:
 * @uuid: of the domain
 * @slot: 0 to %BH_USB_SLOTS - 1, empty
 * @fd: the device's node; taken
 *
 * The first device brings the machine a USB controller.
 */
void bh_usb_plug_in_async (BhHypervisor *hypervisor, const char *uuid, guint slot, int fd,
                           GAsyncReadyCallback callback, gpointer data);

/* The last device takes the controller with it, as soon as the guest lets go of it. */
void bh_usb_plug_out_async (BhHypervisor *hypervisor, const char *uuid, guint slot,
                            GAsyncReadyCallback callback, gpointer data);

/* As the machine ends. An error: it has ended. */
void bh_usb_plug_leave_async (BhHypervisor *hypervisor, const char *uuid, guint slot,
                              GAsyncReadyCallback callback, gpointer data);

/* The slots in use, one bit each: what a service that was started anew finds. -1 with an error. */
void bh_usb_plug_look_async (BhHypervisor *hypervisor, const char *uuid, GAsyncReadyCallback callback,
                             gpointer data);

/* Of all four; 0 or the slots. */
gssize bh_usb_plug_finish (GAsyncResult *result, GError **error);
