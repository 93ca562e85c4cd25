/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this computer itself uses of a device, found below its folder in sysfs. */
#pragma once

#include <gio/gio.h>

/**
 * bh_host_use_check:
 * @device: real path of the device's folder in sysfs, without links
 * @what: how an error names the device
 * @error: %BH_ERROR_BUSY naming what the host would lose
 *
 * Mounted disks (also swap, RAID and LVM), the only network interface with a way out, a screen that is on.
 */
gboolean bh_host_use_check (const char *device, const char *what, GError **error);

/**
 * BhInputs:
 * @here: keyboards and pointing devices below the device
 * @keyboard_here: one of them is a keyboard
 * @keyboard_elsewhere: there is a keyboard that is not below it
 */
typedef struct
{
  gboolean here, keyboard_here, keyboard_elsewhere;
} BhInputs;

void bh_host_use_find_inputs (const char *device, BhInputs *inputs);

/* A short file of sysfs without the line break, "" when there is none. */
char *bh_host_use_read (const char *folder, const char *name);
/* The last part of the link @folder/@name, "" when there is none. */
char *bh_host_use_read_link (const char *folder, const char *name);
/* Writes a file of sysfs; an error names @what. */
gboolean bh_host_use_write (const char *folder, const char *name, const char *value, const char *what,
                            GError **error);
