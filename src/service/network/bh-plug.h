/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Network interfaces that are plugged into a running machine and out of it. */
#pragma once

#include "bh-hypervisor.h"

/* How many a machine can have at once; each has a slot, and a small machine has the first ones only. */
#define BH_PLUG_SLOTS 6

typedef enum
{
  BH_PLUG_STREAM, /* a stream socket: QEMU's netdev "socket" */
  BH_PLUG_TAP,    /* /dev/net/tun, attached */
} BhPlugKind;

/**
 * bh_plug_in_async:
 * @uuid: of the domain
 * @slot: 0 to %BH_PLUG_SLOTS - 1; what was in it before is taken out first
 * @fd: its network; taken
 * @mac: "02:…"
 *
 * QEMU needs no right to open or connect to anything for it: it gets @fd through libvirt.
 */
void bh_plug_in_async (BhHypervisor *hypervisor, const char *uuid, guint slot, BhPlugKind kind,
                       int fd, const char *mac, guint mtu, GAsyncReadyCallback callback,
                       gpointer data);
gboolean bh_plug_in_finish (GAsyncResult *result, GError **error);

/**
 * bh_plug_out_async:
 * @slot: or -1 for all
 *
 * The network's side goes in any case; the guest, which has to let go of the device, may refuse that. Not an error when
 * nothing is in it.
 */
void bh_plug_out_async (BhHypervisor *hypervisor, const char *uuid, int slot,
                        GAsyncReadyCallback callback, gpointer data);
gboolean bh_plug_out_finish (GAsyncResult *result, GError **error);
