/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the domain of an AppVM has that boots from a disk image.
 *
 * QEMU gets its disk as descriptors, and is told format and layers: it follows no name in an image. libvirt knows
 * nothing of that disk, so it does not look into it either. The display listens nowhere: the service asks for a connection
 * when it wants one (disk/bh-screen-link.c). */
#include "config.h"

#include "bh-domain-disk.h"

#include "bh-domain-parts.h"

/* Of the root complex, as bh-domain-xml.c has it. */
#define SLOT_SCREEN "0x01"
#define SLOT_POINTER "0x15"
#define SLOT_DISK "0x11"

void
bh_domain_disk_add_firmware (xmlNode *os, const BhDomainDisk *disk)
{
  xmlNode *loader;

  if (!disk->uefi_code)
    return;
  loader = add_text (os, "loader", disk->uefi_code);
  xmlNewProp (loader, XML ("readonly"), XML ("yes"));
  xmlNewProp (loader, XML ("type"), XML ("pflash"));
  add_text (os, "nvram", disk->uefi_vars);
}

static void
add_slot (xmlNode *device, const char *slot)
{
  add_with (device, "address", "type", "pci", "domain", "0x0000", "bus", "0x00", "slot", slot,
            "function", "0x0", NULL);
}

void
bh_domain_disk_add_devices (xmlNode *devices)
{
  xmlNode *node = add (devices, "graphics");

  xmlNewProp (node, XML ("type"), XML ("vnc"));
  add_with (node, "listen", "type", "none", NULL);
  /* A screen whose size the guest can be asked to change; every firmware and every system knows its VGA. */
  node = add (devices, "video");
  add_with (node, "model", "type", "virtio", "heads", "1", "primary", "yes", NULL);
  add_slot (node, SLOT_SCREEN);
  /* Told where it is, not how far it went; those that do not know it have the PS/2 mouse. */
  add_slot (add_with (devices, "input", "type", "tablet", "bus", "virtio", NULL), SLOT_POINTER);
}

static void
add_layer (xmlNode *command_line, xmlNs *ns, const char *name, gboolean qcow2, gboolean writable,
           const char *backing)
{
  guint set = writable ? 2 : 1;
  g_autofree char *fd = g_strdup_printf ("set=%u,fd=%d", set,
                                         writable ? BH_DOMAIN_TOP_FD : BH_DOMAIN_BASE_FD);
  g_autofree char *file = g_strdup_printf (
      "{\"driver\":\"file\",\"node-name\":\"%s-file\",\"filename\":\"/dev/fdset/%u\",\"read-only\":%s,"
      "\"discard\":\"unmap\"}",
      name, set, writable ? "false" : "true");
  g_autofree char *layer = g_strdup_printf (
      "{\"driver\":\"%s\",\"node-name\":\"%s\",\"file\":\"%s-file\",\"read-only\":%s,"
      "\"discard\":\"unmap\"%s%s}",
      qcow2 ? "qcow2" : "raw", name, name, writable ? "false" : "true",
      qcow2 ? ",\"backing\":" : "", qcow2 ? backing : "");

  add_arg (command_line, ns, "-add-fd");
  add_arg (command_line, ns, fd);
  add_arg (command_line, ns, "-blockdev");
  add_arg (command_line, ns, file);
  add_arg (command_line, ns, "-blockdev");
  add_arg (command_line, ns, layer);
}

void
bh_domain_disk_add_command_line (xmlNode *command_line, xmlNs *ns, const BhDomainDisk *disk)
{
  if (disk->base)
    {
      add_env (command_line, ns, "BULKHEAD_VMM_BASE", disk->base);
      add_layer (command_line, ns, "bhbase", disk->base_qcow2, FALSE, "null");
    }
  add_env (command_line, ns, "BULKHEAD_VMM_TOP", disk->top);
  add_layer (command_line, ns, "bhtop", disk->top_qcow2, TRUE, disk->base ? "\"bhbase\"" : "null");
  add_arg (command_line, ns, "-device");
  add_arg (command_line, ns,
           "virtio-blk-pci,drive=bhtop,id=bhdisk,bus=pcie.0,addr=" SLOT_DISK ",bootindex=1");
}
