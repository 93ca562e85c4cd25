/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What kind of computer this is: a real one, or a virtual machine of some kind. */
#pragma once

#include <glib.h>

typedef enum
{
  BH_HOST_REAL,
  BH_HOST_VIRTUALBOX,
  BH_HOST_VMWARE,
  BH_HOST_QUBES,
  BH_HOST_XEN,
  BH_HOST_HYPERV,
  BH_HOST_KVM,
  BH_HOST_OTHER, /* a virtual machine, nobody knows which */
} BhHostKind;

/**
 * bh_host_kind_of:
 * @virtual: whether the processor says that it is a virtual machine's
 * @vendor, @product: what the firmware says (DMI); (nullable)
 * @xen, @qubes: whether this is a domain of Xen, and a qube of Qubes OS
 */
BhHostKind bh_host_kind_of (gboolean virtual, const char *vendor, const char *product, gboolean xen,
                            gboolean qubes);

/* Of this computer. */
BhHostKind bh_host_kind (void);

/* A flag of the first processor, as /proc/cpuinfo has it. */
gboolean bh_host_has_cpu_flag (const char *flag);
