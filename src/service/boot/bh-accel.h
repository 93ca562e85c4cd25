/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether this computer can really run guests with KVM. */
#pragma once

#include "bh-kernel.h"

/* Whether this user may open /dev/kvm, which proves little. */
gboolean bh_accel_can_open_kvm (void);

/**
 * bh_accel_kvm_usable:
 *
 * Boots @kernel with KVM for real (at most eight seconds) until bulkhead-init says that it runs.
 * Opening /dev/kvm or making a machine there is no proof: both work on computers whose guests then
 * hang. The answer is remembered per boot of this computer, kernel and QEMU; %FALSE at once where
 * /dev/kvm cannot be opened, and %FALSE, not remembered, when cancelled. Blocks; any thread.
 */
gboolean bh_accel_kvm_usable (const BhKernel *kernel, const char *initramfs,
                              GCancellable *cancellable);
