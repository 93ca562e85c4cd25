/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Disks that are plugged into a running machine. QEMU gets them open: it may not open any by itself. */
#pragma once

#include <gio/gio.h>
#include <libvirt/libvirt.h>

/**
 * BhDiskPlug:
 * @fd: the disk's file
 * @path: of it, for messages
 * @serial: how the guest finds it
 * @target: "vdb" and so on; each once
 * @port: number of the machine's place for it
 * @key: (nullable): of an encrypted one
 * @block_size: 512 or 4096, 0 for the usual
 * @cache: (nullable): as libvirt names it
 * @stop_when_full: writing to a full file system stops the machine instead of telling the guest
 */
typedef struct
{
  int fd;
  const char *path, *serial, *target;
  guint port;
  gboolean qcow2, read_only;
  const char *key;
  guint block_size;
  const char *cache;
  gboolean stop_when_full;
} BhDiskPlug;

/* Blocks. */
gboolean bh_disk_plug (virDomainPtr domain, const BhDiskPlug *plug, GError **error);

/* What bh_disk_plug() tells libvirt; @secret: uuid. For tests. */
char *bh_disk_plug_xml (const BhDiskPlug *plug, const char *secret);
