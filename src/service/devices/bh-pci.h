/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The PCI devices of one running AppVM: a part (bh-part.h). */
#pragma once

#include "bh-part.h"

#define BH_TYPE_PCI (bh_pci_get_type ())
G_DECLARE_FINAL_TYPE (BhPci, bh_pci, BH, PCI, GObject)

#define BH_PCI_PART "pci"

BhPart *bh_pci_new (BhVmConfig *config);

/**
 * bh_pci_check:
 * Whether the devices in PciDevices are there, and are all of their IOMMU groups: before anything is started for them. Any
 * thread. The error names the file, the key, and all of a group that is not complete.
 *
 * Returns: (element-type utf8) (transfer full): "0000:01:00.0" of each; perhaps empty
 */
GPtrArray *bh_pci_check (BhVmConfig *config, GError **error);
