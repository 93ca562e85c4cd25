/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the domain of an AppVM has that boots from a disk image: its disk, firmware, screen and pointer instead of
 * Bulkhead's kernel, programs and channel. */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

/**
 * BhDomainDisk:
 * @base: (nullable): the image, when it is not written to: a path /proc/PID/fd/N of the service's
 * @top: what is written to, the same way; over @base qcow2
 * @uefi_code: (nullable): UEFI's firmware instead of the BIOS
 * @uefi_vars: with @uefi_code: file for its variables, which QEMU writes
 */
typedef struct
{
  const char *base, *top;
  gboolean base_qcow2, top_qcow2;
  const char *uefi_code, *uefi_vars;
} BhDomainDisk;

/* Where bulkhead-vmm puts them for QEMU's command line to find. */
#define BH_DOMAIN_BASE_FD 197
#define BH_DOMAIN_TOP_FD 196

void bh_domain_disk_add_firmware (xmlNode *os, const BhDomainDisk *disk);
void bh_domain_disk_add_devices (xmlNode *devices);
void bh_domain_disk_add_command_line (xmlNode *command_line, xmlNs *ns, const BhDomainDisk *disk);
