/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The libvirt domain of an AppVM, built as a tree: no value can become markup.
 *
 * The machine is as small as it can be: no display, no USB, no sound, no network, no disk. What a
 * guest reaches of this computer: its console and channel sockets, the shared region, read-only 9p
 * shares. Everything individual arrives later, in the configure message, so that a booted guest is
 * clonable: kernel, initramfs and command line are the same for all. */
#include "config.h"

#include "bh-domain-xml.h"

#include <stdio.h>

#include "bh-domain-disk.h"
#include "bh-domain-parts.h"
#include "bh-error.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
char *
bh_domain_command_line (gboolean kvm, gboolean debug)
{
  /* Security mitigations stay on. What is off costs start time and is of no use in a guest: self-tests of the
   * crypto code, the loop that checks the timer, auditing, debugfs, the watchdog for lock-ups; accounting of
   * memory and stalls by group, where there are no groups; and security modules without a policy, which every
   * system call would ask. Programs can confine themselves by Landlock. */
  return g_strconcat (
      "console=ttyS0 panic=-1 random.trust_cpu=on cryptomgr.notests audit=0 "
      "noreplace-smp rcupdate.rcu_expedited=1 no_timer_check "
      "cgroup_disable=memory psi=0 lsm=landlock,lockdown,yama,integrity debugfs=off nowatchdog",
      /* Emulation: calibrating against emulated timers is slow and no more exact. */
      kvm ? "" : " tsc=reliable",
      debug ? " loglevel=7 bulkhead.debug" : " quiet loglevel=3", NULL);
}

static gboolean
valid_id (const char *id)
{
  gsize n = strlen (id);

  if (n == 0 || n > 64 || !(g_ascii_islower (id[0]) || g_ascii_isdigit (id[0])))
    return FALSE;
  return strspn (id, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

/* @lists: it goes into BULKHEAD_VMM_READ or _WRITE, where ":" separates. Commas are doubled for
 * QEMU by libvirt, and 9p and chardev paths never pass through a shell. */
static gboolean
valid_path (const char *path, gboolean lists)
{
  if (path == NULL || !g_path_is_absolute (path) || strlen (path) >= 4096
      || !g_utf8_validate (path, -1, NULL) || (lists && strchr (path, ':')))
    return FALSE;
  for (const char *p = path; *p; p++)
    if (g_ascii_iscntrl (*p))
      return FALSE;
  return TRUE;
}

static gboolean
check_spec (const BhDomainSpec *spec, GError **error)
{
  const struct
  {
    const char *what, *path;
    gboolean lists, optional;
  } paths[] = {
    { "kernel", spec->kernel, TRUE, spec->disk != NULL },
    { "initramfs", spec->initramfs, TRUE, spec->disk != NULL },
    { "seed", spec->seed, TRUE, spec->disk != NULL },
    { "firmware", spec->disk ? spec->disk->uefi_code : NULL, TRUE, TRUE },
    { "firmware's variables", spec->disk ? spec->disk->uefi_vars : NULL, TRUE, TRUE },
    { "image", spec->image, TRUE, TRUE },
    { "modules", spec->modules, TRUE, TRUE },
    { "runtime folder", spec->runtime_dir, TRUE, FALSE },
    { "log file", spec->log_file, FALSE, FALSE },
    { "emulator", spec->emulator, FALSE, FALSE },
    { "QEMU", spec->qemu, FALSE, TRUE },
    { "frozen memory", spec->ram, FALSE, spec->way != BH_DOMAIN_THAW },
    { "frozen state", spec->state, FALSE, spec->way != BH_DOMAIN_THAW },
  };
  const char *wrong = NULL;

  if (spec->id == NULL || !valid_id (spec->id))
    wrong = "id";
  else if (spec->uuid == NULL || !g_uuid_string_is_valid (spec->uuid))
    wrong = "UUID";
  else if (spec->memory_mib < 128 || spec->memory_mib > 1048576)
    wrong = "memory size";
  else if (spec->cpus < 1 || spec->cpus > 64)
    wrong = "number of processors";
  else if (spec->region_mib > 4096 || (spec->region_mib & (spec->region_mib - 1)) != 0)
    wrong = "region size"; /* a PCI BAR is a power of two */
  for (gsize i = 0; wrong == NULL && i < G_N_ELEMENTS (paths); i++)
    if (!(paths[i].optional && paths[i].path == NULL)
        && !valid_path (paths[i].path, paths[i].lists))
      wrong = paths[i].what;
  if (wrong == NULL)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "A virtual machine cannot have this %s",
               wrong);
  return FALSE;
}

static void
add_machine (xmlNode *domain, const BhDomainSpec *spec)
{
  g_autofree char *usual = bh_domain_command_line (spec->kvm, spec->debug);
  g_autofree char *level =
      spec->log_level && !spec->debug ? g_strdup_printf (" loglevel=%u", spec->log_level) : NULL;
  /* The last word about a parameter counts. */
  g_autofree char *command_line =
      g_strconcat (usual, level ? level : "", spec->parameters && *spec->parameters ? " " : "",
                   spec->parameters ? spec->parameters : "", NULL);
  g_autofree char *name = g_strconcat ("bulkhead-", spec->id, NULL);
  xmlNode *os, *cpu, *features;

  add_text (domain, "name", name);
  add_text (domain, "uuid", spec->uuid);
  /* A new one in a thawed guest makes its kernel renew its random numbers at once. */
  if (spec->way != BH_DOMAIN_BOOT)
    add_text (domain, "genid", spec->uuid);
  add_number (domain, "memory", "MiB", spec->memory_mib);
  add_number (domain, "vcpu", NULL, spec->cpus);
  os = add (domain, "os");
  xmlNewProp (add_text (os, "type", "hvm"), XML ("machine"), XML ("q35"));
  if (spec->disk)
    bh_domain_disk_add_firmware (os, spec->disk);
  else
    {
      add_text (os, "kernel", spec->kernel);
      add_text (os, "initrd", spec->initramfs);
      add_text (os, "cmdline", command_line);
    }
  features = add (domain, "features");
  add (features, "acpi");
  add (features, "apic");
  if (spec->kvm)
    {
      cpu = add_with (domain, "cpu", "mode", "host-passthrough", "migratable", "on", NULL);
      /* No virtual machines inside: nested virtualization is a large and rarely tested part of KVM.
       * "disable" of a feature that this computer does not have is no error. */
      add_with (cpu, "feature", "policy", "disable", "name", "vmx", NULL);
      add_with (cpu, "feature", "policy", "disable", "name", "svm", NULL);
    }
  else
    {
      cpu = add_with (domain, "cpu", "mode", "maximum", NULL);
      /* Emulated "rep stos" goes byte by byte: without it memset is twelve times faster. */
      add_with (cpu, "feature", "policy", "disable", "name", "erms", NULL);
      add_with (cpu, "feature", "policy", "disable", "name", "svm", NULL);
      /* No guest is large enough for five levels of page tables, and each is walked one by one. */
      add_with (cpu, "feature", "policy", "disable", "name", "la57", NULL);
    }
  add_with (domain, "clock", "offset", "utc", NULL);
  add_text (domain, "on_poweroff", "destroy");
  add_text (domain, "on_reboot", spec->disk ? "restart" : "destroy");
  add_text (domain, "on_crash", "destroy");
}

/* Devices that are always there have slots of the root complex itself, else libvirt would put them where others
 * are to be plugged in. 0x10 is the shared region's. */
enum
{
  SLOT_USR = 0x11,
  SLOT_OPT,
  SLOT_MODULES,
  SLOT_SEED,
  SLOT_CHANNELS,
  SLOT_BALLOON,
};

static void
add_slot (xmlNode *device, guint slot)
{
  char text[8];

  g_snprintf (text, sizeof text, "0x%02x", slot);
  add_with (device, "address", "type", "pci", "domain", "0x0000", "bus", "0x00", "slot", text,
            "function", "0x0", NULL);
}

static void
add_share (xmlNode *devices, const char *dir, const char *tag, guint slot)
{
  /* squash: files keep the owner they have here, as far as QEMU's user may read them */
  xmlNode *share = add_with (devices, "filesystem", "type", "mount", "accessmode", "squash",
                             "multidevs", "remap", NULL);

  add_with (share, "source", "dir", dir, NULL);
  add_with (share, "target", "dir", tag, NULL);
  add (share, "readonly");
  add_slot (share, slot);
}

/* Programs of another system; the serial is how its guest knows (src/guest/bh-image.c). The kernel is
 * this computer's, so its modules are shared. */
static void
add_image (xmlNode *devices, const BhDomainSpec *spec)
{
  xmlNode *disk = add_with (devices, "disk", "type", "file", "device", "disk", NULL);

  add_with (disk, "driver", "name", "qemu", "type", "raw", NULL);
  add_with (disk, "source", "file", spec->image, NULL);
  add_with (disk, "target", "dev", "vda", "bus", "virtio", NULL);
  add (disk, "readonly");
  add_text (disk, "serial", "bulkhead-usr");
  add_slot (disk, SLOT_USR);
  if (spec->modules)
    add_share (devices, spec->modules, "modules", SLOT_MODULES);
}

static void
add_programs (xmlNode *devices, const BhDomainSpec *spec)
{
  if (spec->image)
    add_image (devices, spec);
  else
    add_share (devices, "/usr", "usr", SLOT_USR);
  if (spec->opt && !spec->image)
    add_share (devices, "/opt", "opt", SLOT_OPT);
  add_share (devices, spec->seed, "seed", SLOT_SEED);
}

static void
add_channel (xmlNode *devices, const BhDomainSpec *spec)
{
  g_autofree char *wire = g_build_filename (spec->runtime_dir, "wire.sock", NULL);
  xmlNode *node = add_with (devices, "controller", "type", "virtio-serial", "index", "0", NULL);

  add_slot (node, SLOT_CHANNELS);
  node = add_with (devices, "channel", "type", "unix", NULL);
  add_with (node, "source", "mode", "bind", "path", wire, NULL);
  add_with (node, "target", "type", "virtio", "name", "io.github.bulkhead.wire", NULL);
}

static guint
first_port_not_there (const BhDomainSpec *spec)
{
  if (spec->pci_devices > 0)
    return BH_DOMAIN_PCI_PORT + spec->pci_devices;
  return spec->more_disks ? BH_DOMAIN_PCI_PORT : BH_DOMAIN_NIC_PORT + spec->nics;
}

static void
add_devices (xmlNode *domain, const BhDomainSpec *spec)
{
  xmlNode *devices = add (domain, "devices"), *node;
  g_autofree char *console = g_build_filename (spec->runtime_dir, "console.sock", NULL);

  add_text (devices, "emulator", spec->emulator);
  add_with (devices, "controller", "type", "usb", "model", "none", NULL);
  add_with (devices, "controller", "type", "pci", "index", "0", "model", "pcie-root", NULL);
  /* Each takes one device while the guest runs. */
  for (guint i = 1; i < first_port_not_there (spec); i++)
    {
      char index[4];

      g_snprintf (index, sizeof index, "%u", i);
      add_with (devices, "controller", "type", "pci", "index", index, "model", "pcie-root-port",
                NULL);
    }
  if (spec->disk)
    bh_domain_disk_add_devices (devices);
  else
    add_programs (devices, spec);

  node = add_with (devices, "serial", "type", "unix", NULL);
  add_with (node, "source", "mode", "bind", "path", console, NULL);
  add_with (node, "log", "file", spec->log_file, "append", "on", NULL);
  add_with (node, "target", "port", "0", NULL);

  if (!spec->disk)
    add_channel (devices, spec);

  /* No virtio-rng: configure brings random numbers before any program runs. */
  if (spec->way == BH_DOMAIN_BOOT)
    /* Gives memory that the guest has freed back to this computer. */
    add_slot (add_with (devices, "memballoon", "model", "virtio", "freePageReporting", "on", NULL),
              SLOT_BALLOON);
  else
    /* What a balloon discards would be discarded from the frozen memory. */
    add_with (devices, "memballoon", "model", "none", NULL);
}

/* The guest's memory as a file that bulkhead-vmm has opened. libvirt's own object for it stays in the
 * command line, unused. */
static void
add_ram (xmlNode *command_line, xmlNs *ns, const BhDomainSpec *spec)
{
  g_autofree char *object = g_strdup_printf (
      "memory-backend-file,id=bhram,mem-path=/proc/self/fd/%d,share=%s,size=%uM%s",
      BH_DOMAIN_RAM_FD, spec->way == BH_DOMAIN_FREEZE ? "on" : "off", spec->memory_mib,
      spec->way == BH_DOMAIN_THAW && spec->ram_read_only ? ",readonly=on,rom=off" : "");
  char size[16];

  add_arg (command_line, ns, "-object");
  add_arg (command_line, ns, object);
  add_arg (command_line, ns, "-machine");
  add_arg (command_line, ns, "memory-backend=bhram");
  if (spec->way == BH_DOMAIN_THAW)
    {
      add_arg (command_line, ns, "-incoming");
      add_arg (command_line, ns, "fd:" G_STRINGIFY (BH_DOMAIN_STATE_FD));
      add_env (command_line, ns, "BULKHEAD_VMM_RAM", spec->ram);
      add_env (command_line, ns, "BULKHEAD_VMM_STATE", spec->state);
      return;
    }
  g_snprintf (size, sizeof size, "%u", spec->memory_mib);
  add_env (command_line, ns, "BULKHEAD_VMM_RAM_MIB", size);
}

static char *
list_readable (const BhDomainSpec *spec)
{
  const char *programs = spec->image ? spec->image : "/usr";
  const char *more = spec->image && spec->modules ? spec->modules
                     : spec->opt && !spec->image  ? "/opt"
                                                  : programs;

  /* Never nothing: that would be libvirt, which asks what QEMU can do. */
  if (spec->disk)
    return g_strjoin (":", spec->emulator, spec->disk->uefi_code, NULL);
  return g_strjoin (":", spec->kernel, spec->initramfs, spec->seed, programs, more, NULL);
}

static char *
list_writable (const BhDomainSpec *spec)
{
  const char *vars = spec->disk ? spec->disk->uefi_vars : NULL;

  if (vars && spec->pci_devices > 0)
    return g_strconcat (vars, ":/dev/vfio", NULL);
  return g_strdup (vars ? vars : spec->pci_devices > 0 ? "/dev/vfio" : "");
}

/* bulkhead-vmm's orders (src/vmm/main.c), and the region, whose memory libvirt would otherwise put
 * into a file that every user of this computer may read. */
static void
add_command_line (xmlNode *domain, xmlNs *ns, const BhDomainSpec *spec)
{
  xmlNode *node = xmlNewChild (domain, ns, XML ("commandline"), NULL);
  g_autofree char *pid_file = g_build_filename (spec->runtime_dir, "qemu.pid", NULL);
  g_autofree char *read = list_readable (spec);
  g_autofree char *write = list_writable (spec);

  if (spec->disk)
    bh_domain_disk_add_command_line (node, ns, spec->disk);
  else
    {
      /* Of the chip set what no guest uses; it could be attacked, and costs each start some time. */
      add_arg (node, ns, "-machine");
      add_arg (node, ns, "sata=off,smbus=off");
    }
  if (!spec->disk && spec->region_mib > 0)
    {
      g_autofree char *object = g_strdup_printf ("memory-backend-file,id=" BH_DOMAIN_REGION_ID
                                                 ",mem-path=/proc/self/fd/%d,share=on,size=%uM",
                                                 BH_DOMAIN_REGION_FD, spec->region_mib);

      add_arg (node, ns, "-object");
      add_arg (node, ns, object);
      add_arg (node, ns, "-device");
      /* A master may be frozen: its memory stays where it is. */
      add_arg (node, ns,
               "ivshmem-plain,memdev=" BH_DOMAIN_REGION_ID ",bus=pcie.0,addr=0x10,master=on");
    }
  if (spec->way != BH_DOMAIN_BOOT)
    add_ram (node, ns, spec);
  for (gsize i = 0; spec->arguments && spec->arguments[i]; i++)
    add_arg (node, ns, spec->arguments[i]);
  if (spec->qemu)
    add_env (node, ns, "BULKHEAD_VMM_QEMU", spec->qemu);
  add_env (node, ns, "BULKHEAD_VMM_READ", read);
  if (*write)
    add_env (node, ns, "BULKHEAD_VMM_WRITE", write);
  add_env (node, ns, "BULKHEAD_VMM_PIDFILE", pid_file);
  if (spec->region_mib > 0)
    {
      char size[16];

      g_snprintf (size, sizeof size, "%u", spec->region_mib);
      add_env (node, ns, "BULKHEAD_VMM_REGION_MIB", size);
    }
  /* Without it libvirt asks for some 350 properties of the processor one by one: 0.2 s of each
   * start. */
  node = xmlNewChild (domain, ns, XML ("capabilities"), NULL);
  node = xmlNewChild (node, ns, XML ("del"), NULL);
  xmlNewProp (node, XML ("capability"), XML ("cpu-unavailable-features"));
}

char *
bh_domain_xml_new (const BhDomainSpec *spec, GError **error)
{
  xmlDoc *doc;
  xmlNode *domain;
  xmlNs *ns;
  xmlChar *text = NULL;
  char *result;

  g_return_val_if_fail (spec != NULL, NULL);
  if (!check_spec (spec, error))
    return NULL;
  doc = xmlNewDoc (XML ("1.0"));
  domain = xmlNewNode (NULL, XML ("domain"));
  xmlDocSetRootElement (doc, domain);
  ns = xmlNewNs (domain, XML (QEMU_NAMESPACE), XML ("qemu"));
  xmlNewProp (domain, XML ("type"), XML (spec->kvm ? "kvm" : "qemu"));
  add_machine (domain, spec);
  add_devices (domain, spec);
  add_command_line (domain, ns, spec);
  xmlDocDumpFormatMemory (doc, &text, NULL, 1);
  xmlFreeDoc (doc);
  result = g_strdup ((const char *) text);
  xmlFree (text);
  return result;
}
