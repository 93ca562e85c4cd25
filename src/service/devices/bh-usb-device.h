/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB devices of this computer, as sysfs has them. */
#pragma once

#include <gio/gio.h>

/**
 * BhUsbDevice:
 * @place: where it is plugged in, as the kernel writes it: "1-4", "3-1.2"
 * @id: "046d:c52b"
 * @name: what it calls itself, cleaned; never ""
 * @input: a keyboard, mouse or the like
 */
typedef struct
{
  char *place, *id, *name;
  guint16 vendor, product;
  guint32 bus, device;
  gboolean input;
} BhUsbDevice;

void bh_usb_device_free (BhUsbDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhUsbDevice, bh_usb_device_free)

/* (element-type BhUsbDevice) (transfer full): all but hubs, in the order of their places. */
GPtrArray *bh_usb_device_list (void);

/* Whether @text, "046d:c52b" or "1-4", means it; letters of either case. */
gboolean bh_usb_device_matches (const BhUsbDevice *device, const char *text);

/**
 * bh_usb_device_find:
 * @text: "046d:c52b" or "1-4"
 *
 * Returns: (transfer full): %BH_ERROR_NOT_FOUND when there is none, %BH_ERROR_INVALID_ARGUMENT when several have this id
 * (their places are named) or it is neither
 */
BhUsbDevice *bh_usb_device_find (const char *text, GError **error);

/* Calls @changed after USB devices came or went, until it is disconnected by @data. */
void bh_usb_device_watch (void (*changed) (gpointer data), gpointer data);
void bh_usb_device_unwatch (gpointer data);
