/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of this computer AppVMs need, for people: Manager1.CheckHost. */
#pragma once

#include <gio/gio.h>

/**
 * bh_host_check_async:
 * @libvirt: what bh_hypervisor_describe_finish() said, %NULL with @libvirt_error
 *
 * In a thread; may boot a test machine when KVM has not been tried since this computer was started.
 */
void bh_host_check_async (const char *libvirt, const char *libvirt_error,
                          GAsyncReadyCallback callback, gpointer data);

/**
 * bh_host_check_finish:
 * @kvm: (out): whether AppVMs run with KVM
 *
 * Returns: (transfer full): aa{sv} as Manager1.CheckHost describes it
 */
GVariant *bh_host_check_finish (GAsyncResult *result, gboolean *kvm);
