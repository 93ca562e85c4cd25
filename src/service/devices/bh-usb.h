/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB devices of one running AppVM: a part (bh-part.h). */
#pragma once

#include "bh-part.h"
#include "bh-usb-device.h"

#define BH_TYPE_USB (bh_usb_get_type ())
G_DECLARE_FINAL_TYPE (BhUsb, bh_usb, BH, USB, GObject)

#define BH_USB_PART "usb"

BhPart *bh_usb_new (BhVmConfig *config);

/**
 * bh_usb_attach_async:
 * @device: taken
 * @force: also if it is a keyboard, mouse or the like
 *
 * polkit may put a question to the person meanwhile.
 */
void bh_usb_attach_async (BhUsb *self, BhUsbDevice *device, gboolean force, GAsyncReadyCallback callback,
                          gpointer data);
gboolean bh_usb_attach_finish (BhUsb *self, GAsyncResult *result, GError **error);

/* @text: as bh_usb_device_matches() takes it. %BH_ERROR_NOT_FOUND when the AppVM does not have it. */
void bh_usb_detach_async (BhUsb *self, const char *text, GAsyncReadyCallback callback, gpointer data);
gboolean bh_usb_detach_finish (BhUsb *self, GAsyncResult *result, GError **error);

/* Whether this AppVM has the device at @place. */
gboolean bh_usb_has (BhUsb *self, const char *place);
