/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The PCI devices of one running AppVM.
 *
 * Theory of operation: such an AppVM boots (a frozen guest knows no such device, and its memory is not its own). Once the
 * machine exists, the helper takes the devices from the host and lets QEMU, which bulkhead-vmm allowed /dev/vfio, open
 * their groups; then raises how much memory QEMU may lock, which is all of the guest's; then they are plugged in.
 * At the end they go back to the host when QEMU has closed them. */
#include "config.h"

#include "bh-pci.h"

#include "bh-domain-xml.h"
#include "bh-domain.h"
#include "bh-error.h"
#include "bh-helper-link.h"
#include "bh-log.h"
#include "bh-monitor.h"
#include "bh-paths.h"

#include <stdio.h>
#include <string.h>

#define DEVICES "/sys/bus/pci/devices"
#define VFIO "/dev/vfio"
#define GROUPS "/sys/kernel/iommu_groups"
/* Besides the guest's memory: the shared region, and what the devices bring along. */
#define MORE_MIB 1024

struct _BhPci
{
  GObject parent;
  char *id, *uuid;
  BhHypervisor *hypervisor;
  BhVmConfig *config;
  GPtrArray *devices; /* of char *, "0000:01:00.0" */
  guint32 hold;
  gboolean over;
};

static void part_init (BhPartInterface *iface);

G_DEFINE_TYPE_WITH_CODE (BhPci, bh_pci, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (BH_TYPE_PART, part_init))

/* Bridges stay with the host. */
static gboolean
is_bridge (const char *device)
{
  g_autofree char *path = g_build_filename (DEVICES, device, "class", NULL);
  g_autofree char *class = NULL;

  return g_file_get_contents (path, &class, NULL, NULL)
         && (g_str_has_prefix (class, "0x0604") || g_str_has_prefix (class, "0x0600"));
}

static gboolean
complain (BhVmConfig *config, GError **error, BhError code, const char *text)
{
  g_autofree char *path = bh_paths_vm_file (bh_vm_config_get_id (config));

  g_set_error (error, BH_ERROR, code, "%s: PciDevices: %s", path, text);
  return FALSE;
}

static gboolean
check_one (BhVmConfig *config, GPtrArray *devices, const char *device, GError **error)
{
  g_autofree char *folder = g_build_filename (DEVICES, device, NULL);
  g_autofree char *link = g_build_filename (folder, "iommu_group", NULL);
  g_autofree char *target = g_file_read_link (link, NULL);
  g_autofree char *group = target ? g_path_get_basename (target) : NULL;
  g_autofree char *members = group ? g_build_filename (GROUPS, group, "devices", NULL) : NULL;
  g_autoptr (GDir) dir = members ? g_dir_open (members, 0, NULL) : NULL;
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *text = NULL;
  gboolean complete = TRUE;
  const char *member;

  if (!g_file_test (folder, G_FILE_TEST_EXISTS))
    {
      text = g_strdup_printf ("there is no device %s in this computer. “lspci -D” lists them.", device);
      return complain (config, error, BH_ERROR_NOT_FOUND, text);
    }
  if (!dir)
    {
      text = g_strdup_printf ("%s is in no IOMMU group, so nothing could keep it from reaching all of this computer's memory. "
                              "Switch the IOMMU (VT-d, AMD-Vi) on in the firmware, and for Intel start the kernel with "
                              "intel_iommu=on.",
                              device);
      return complain (config, error, BH_ERROR_NOT_FOUND, text);
    }
  while ((member = g_dir_read_name (dir)))
    if (!is_bridge (member))
      {
        g_string_append_printf (all, "%s;", member);
        complete = complete && g_ptr_array_find_with_equal_func (devices, member, g_str_equal, NULL);
      }
  if (complete)
    return TRUE;
  text = g_strdup_printf ("%s shares IOMMU group %s with others, and they can only be given together. The whole group is "
                          "PciDevices=%s",
                          device, group, all->str);
  return complain (config, error, BH_ERROR_INVALID_ARGUMENT, text);
}

/* bulkhead-vmm can only let QEMU open what is below a folder that exists before. */
static gboolean
check_vfio (BhVmConfig *config, GError **error)
{
  return g_file_test (VFIO, G_FILE_TEST_IS_DIR)
         || complain (config, error, BH_ERROR_NOT_FOUND,
                      "this computer has no " VFIO ", through which devices are given. Type: sudo modprobe vfio-pci");
}

GPtrArray *
bh_pci_check (BhVmConfig *config, GError **error)
{
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) list = bh_vm_config_get_list (config, "PciDevices");

  for (char **text = list; text && *text; text++)
    {
      g_autofree char *lower = g_ascii_strdown (*text, -1);

      /* "01:00.0" is short for domain 0. */
      g_ptr_array_add (devices, strlen (lower) == strlen ("01:00.0") ? g_strconcat ("0000:", lower, NULL)
                                                                     : g_steal_pointer (&lower));
    }
  for (guint i = 0; i < devices->len; i++)
    if (!check_one (config, devices, devices->pdata[i], error))
      return NULL;
  if (devices->len > 0 && !check_vfio (config, error))
    return NULL;
  return g_steal_pointer (&devices);
}

/* Plugging in, in a thread. */
static void
plug_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  BhPci *self = source;
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (self->hypervisor, &error);
  virDomainPtr domain = conn ? virDomainLookupByUUIDString (conn, self->uuid) : NULL;
  gboolean good = domain != NULL;

  if (conn && !domain)
    bh_monitor_set_libvirt_error (&error, "The virtual machine is not there any more");
  for (guint i = 0; good && i < self->devices->len; i++)
    {
      g_autofree char *command = g_strdup_printf (
          "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"vfio-pci\",\"id\":\"bhpci%u\",\"host\":\"%s\","
          "\"bus\":\"pci.%u\",\"addr\":\"0x0\"}}",
          i, (const char *) self->devices->pdata[i], BH_DOMAIN_PCI_PORT + i);
      g_autofree char *answer = bh_monitor_ask (domain, command, -1, &error);

      good = answer != NULL;
      if (!good)
        g_prefix_error (&error, "The PCI device %s: ", (const char *) self->devices->pdata[i]);
    }
  if (good)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  if (domain)
    virDomainFree (domain);
  if (conn)
    virConnectClose (conn);
}

static void
give_back (BhPci *self)
{
  if (self->hold)
    bh_helper_link_release ("ReleasePci", self->hold);
  self->hold = 0;
}

static void
on_raised (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BhPci *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bh_helper_link_call_finish (result, NULL, &error);

  if (!reply)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (self->over)
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  else
    bh_hypervisor_run_in_thread (task, plug_in_thread);
}

/* Field 22 of /proc/PID/stat; field 2 may hold anything. */
static guint64
start_time_of (guint pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/stat", pid);
  g_autofree char *stat = NULL;
  g_auto (GStrv) fields = NULL;
  char *after;

  if (!g_file_get_contents (path, &stat, NULL, NULL) || !(after = strrchr (stat, ')')))
    return 0;
  fields = g_strsplit (after, " ", -1);
  return g_strv_length (fields) > 20 ? g_ascii_strtoull (fields[20], NULL, 10) : 0;
}

static void
on_assigned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BhPci *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bh_helper_link_call_finish (result, NULL, &error);
  guint64 bytes = ((guint64) bh_vm_config_get_int (self->config, "Memory") + MORE_MIB) << 20;
  guint pid;

  if (!reply)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_variant_get_child (reply, 0, "u", &self->hold);
  if (self->over)
    {
      give_back (self);
      g_task_return_new_error (task, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
      return;
    }
  bh_log_line (self->id, "PCI devices are taken from this computer");
  pid = (guint) bh_domain_find_pid (self->id);
  bh_helper_link_call_async ("RaiseLockedMemory", g_variant_new ("(utt)", pid, start_time_of (pid), bytes),
                             g_task_get_cancellable (task), on_raised, g_steal_pointer (&task));
}

static void
part_start_async (BhPart *part, const BhPartMachine *machine, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  BhPci *self = BH_PCI (part);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GVariantBuilder builder;
  GError *error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  self->uuid = g_strdup (machine->uuid);
  self->hypervisor = g_object_ref (machine->hypervisor);
  /* Once more: it is some time since the start began. */
  self->devices = bh_pci_check (self->config, &error);
  if (!self->devices)
    g_task_return_error (task, error);
  else if (self->devices->len == 0)
    g_task_return_boolean (task, TRUE);
  else
    {
      g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(qyyy)"));
      for (guint i = 0; i < self->devices->len; i++)
        {
          unsigned domain, bus, device, function;

          if (sscanf (self->devices->pdata[i], "%4x:%2x:%2x.%1x", &domain, &bus, &device, &function) == 4)
            g_variant_builder_add (&builder, "(qyyy)", (guint16) domain, (guint8) bus, (guint8) device,
                                   (guint8) function);
        }
      bh_helper_link_call_async ("AssignPci", g_variant_new ("(a(qyyy))", &builder), cancellable,
                                 on_assigned, g_steal_pointer (&task));
    }
}

static gboolean
part_start_finish (BhPart *part, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
part_stop (BhPart *part)
{
  BhPci *self = BH_PCI (part);

  self->over = TRUE;
  /* The helper waits until QEMU has let go of them. */
  give_back (self);
}

static void
part_init (BhPartInterface *iface)
{
  iface->name = BH_PCI_PART;
  iface->start_async = part_start_async;
  iface->start_finish = part_start_finish;
  iface->stop = part_stop;
}

static void
bh_pci_finalize (GObject *object)
{
  BhPci *self = BH_PCI (object);

  g_free (self->id);
  g_free (self->uuid);
  g_clear_object (&self->hypervisor);
  bh_vm_config_unref (self->config);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  G_OBJECT_CLASS (bh_pci_parent_class)->finalize (object);
}

static void
bh_pci_class_init (BhPciClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_pci_finalize;
}

static void
bh_pci_init (BhPci *self)
{
}

BhPart *
bh_pci_new (BhVmConfig *config)
{
  BhPci *self = g_object_new (BH_TYPE_PCI, NULL);

  self->id = g_strdup (bh_vm_config_get_id (config));
  self->config = bh_vm_config_ref (config);
  return BH_PART (self);
}
