/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The libvirt domain of an AppVM. */
#pragma once

#include "bh-domain-disk.h"

#include <gio/gio.h>

/**
 * BhDomainWay:
 * @BH_DOMAIN_BOOT: an AppVM that boots
 * @BH_DOMAIN_FREEZE: a guest that boots to be frozen: what is frozen holds nothing of any AppVM
 * @BH_DOMAIN_THAW: an AppVM that goes on where a frozen guest was; waits for its state
 */
typedef enum
{
  BH_DOMAIN_BOOT,
  BH_DOMAIN_FREEZE,
  BH_DOMAIN_THAW
} BhDomainWay;

/**
 * BhDomainSpec:
 * @id: of the AppVM: 1 to 64 lower-case letters, digits, "-" and "_", a letter or digit first
 * @uuid: of this start of it
 * @kvm: with KVM; emulated otherwise
 * @memory_mib: 128 to 1048576
 * @cpus: 1 to 64
 * @region_mib: size of the shared region, 0 for none, else a power of two up to 4096
 * @kernel, @initramfs, @seed: as bh_kernel_find(), bh_initramfs_ensure() and
 * bh_template_ensure_host() gave
 * @image: (nullable): a squashfs with another /usr than this computer's
 * @modules: (nullable): with @image: folder of the folders of kernels' modules
 * @opt: whether to share /opt; not with @image
 * @runtime_dir: holds wire.sock, console.sock and qemu.pid
 * @log_file: gets what the guest's console says
 * @emulator: bulkhead-vmm, as bh_emulator_ensure() gave it
 * @qemu: what bulkhead-vmm becomes; %NULL for its default
 * @log_level: of the kernel, 0 to 7; 0 for the usual
 * @parameters: (nullable): more for the kernel's command line
 * @arguments: (nullable): more for QEMU's
 * @debug: let kernel and init say all they have on the console
 * @way: how it starts; the machine of @BH_DOMAIN_FREEZE and @BH_DOMAIN_THAW is the same
 * @ram, @state: for @BH_DOMAIN_THAW: paths of the sealed memory and device state, /proc/PID/fd/N
 * @nics: how many network interfaces can be plugged in, %BH_DOMAIN_FEW_NICS or %BH_DOMAIN_MANY_NICS: there is a place
 * for each, from %BH_DOMAIN_NIC_PORT on
 * @pci_devices: how many of this computer's will be plugged in: there is a place for each, from
 * %BH_DOMAIN_PCI_PORT on, and QEMU may open /dev/vfio; with many @nics only
 * @more_disks: whether there are places for additional disks, from %BH_DOMAIN_MORE_DISKS_PORT on; with many @nics only
 * @disk: (nullable): what it boots from by itself, instead of @kernel, @initramfs, @seed and all that belongs to them;
 * the shared region is there then, and the guest does not get it
 * @ram_read_only: for @BH_DOMAIN_THAW: this QEMU can open it without asking for write access
 *
 * All paths are absolute.
 */
typedef struct
{
  const char *id, *uuid;
  gboolean kvm;
  guint memory_mib, cpus, region_mib;
  const char *kernel, *initramfs, *seed, *image, *modules;
  gboolean opt;
  const char *runtime_dir, *log_file, *emulator, *qemu;
  guint log_level;
  const char *parameters;
  const char *const *arguments;
  gboolean debug;
  BhDomainWay way;
  const char *ram, *state;
  gboolean ram_read_only;
  guint nics, pci_devices;
  gboolean more_disks;
  const BhDomainDisk *disk;
} BhDomainSpec;

/* Where bulkhead-vmm (src/vmm) puts the shared region's memfd for QEMU's command line to find. */
#define BH_DOMAIN_REGION_FD 199
/* And the memory of a guest that is frozen or thawed. */
#define BH_DOMAIN_RAM_FD 198
#define BH_DOMAIN_STATE_FD 195
/* Places for what is plugged in while a guest runs; QEMU calls them "pci.1" and so on. Each costs every start two
 * hundredths of its time. One is for the USB controller that comes with the first USB device, one for the home disk,
 * one for the scratch disk; those for network interfaces follow, then those for additional disks and for this computer's
 * PCI devices. */
#define BH_DOMAIN_USB_PORT 1
#define BH_DOMAIN_HOME_PORT 2
#define BH_DOMAIN_SCRATCH_PORT 3
#define BH_DOMAIN_NIC_PORT 4
/* How many network interfaces there are places for: usually, and in a machine that is going to need more. */
#define BH_DOMAIN_FEW_NICS 2
#define BH_DOMAIN_MANY_NICS 6
/* Machines with additional disks have many of the former, and those with PCI devices have many and places for disks. */
#define BH_DOMAIN_MORE_DISKS_PORT (BH_DOMAIN_NIC_PORT + BH_DOMAIN_MANY_NICS)
#define BH_DOMAIN_MAX_MORE_DISKS 4
#define BH_DOMAIN_PCI_PORT (BH_DOMAIN_MORE_DISKS_PORT + BH_DOMAIN_MAX_MORE_DISKS)
/* QEMU's name for the shared region's memory. */
#define BH_DOMAIN_REGION_ID "bhregion"

/**
 * bh_domain_xml_new:
 *
 * Returns: (transfer full): the XML for virDomainCreateXML(), %NULL with %BH_ERROR_INVALID_ARGUMENT
 */
char *bh_domain_xml_new (const BhDomainSpec *spec, GError **error);

/* The kernel's command line for every guest; nothing in it tells one AppVM from another. */
char *bh_domain_command_line (gboolean kvm, gboolean debug);

/**
 * bh_emulator_find_qemu:
 *
 * QEMU for x86-64 guests: $BULKHEAD_QEMU, /usr/bin/qemu-system-x86_64 or where other distributions
 * have it. %BH_ERROR_NO_HYPERVISOR names the package to install.
 */
char *bh_emulator_find_qemu (GError **error);

/**
 * bh_emulator_ensure:
 * @qemu: as bh_emulator_find_qemu() gave it
 *
 * A path for bulkhead-vmm that is another one for each version of @qemu: libvirt remembers what an
 * emulator can do by its path and age, and would not notice that the QEMU behind it is a new one.
 *
 * Returns: (transfer full): a link in the cache
 */
char *bh_emulator_ensure (const char *qemu, GError **error);
