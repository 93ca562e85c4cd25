/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-screen process: the screen of a machine that boots by itself, for a window gate. */
#pragma once

#include "bh-hypervisor.h"

/**
 * bh_screen_link_start_async:
 * @id: of the AppVM, whose QEMU has a shared region
 * @uuid: of its domain
 * @title: of the window
 * @launch: whose window was open before; 0: none is opened by itself
 *
 * Connect a process to QEMU's display. It ends by itself when QEMU or the window gate does.
 */
void bh_screen_link_start_async (BhHypervisor *hypervisor, const char *id, const char *uuid,
                                 const char *title, guint launch, GAsyncReadyCallback callback,
                                 gpointer data);

/* Returns: what the window gate takes for the channel to a guest; -1 with @error set */
int bh_screen_link_start_finish (GAsyncResult *result, GError **error);
