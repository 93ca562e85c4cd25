/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What has to be there before a domain can be made; one thread does it all, step by step. */
#include "config.h"

#include "bh-prepare.h"

#include "bh-accel.h"
#include "bh-debian.h"
#include "bh-domain-xml.h"
#include "bh-error.h"
#include "bh-initramfs.h"
#include "bh-kernel.h"
#include "bh-log.h"
#include "bh-network.h"
#include "bh-paths.h"
#include "bh-pci.h"
#include "bh-template.h"

#include <libvirt/libvirt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Seven slots of a 4K window; only what is used takes memory. */
#define REGION_MIB 256
/* What QEMU needs beyond the guest's memory, and what the desktop should keep. */
#define SPARE_MIB 256

typedef struct
{
  char *id;
  BhVmConfig *config;
  gboolean debug, many_nics;
  BhFrozen *frozen;
  BhPrepareStep step;
  gpointer data;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_free (work->id);
  bh_vm_config_unref (work->config);
  g_clear_object (&work->frozen);
  g_free (work);
}

void
bh_prepared_free (BhPrepared *prepared)
{
  g_free (prepared->uuid);
  g_free (prepared->xml);
  g_free (prepared->kernel_release);
  g_clear_pointer (&prepared->disk, bh_boot_disk_free);
  g_clear_pointer (&prepared->guest, bh_frozen_guest_unref);
  g_free (prepared->why_boot);
  g_clear_pointer (&prepared->plan, bh_frozen_plan_free);
  g_free (prepared);
}

guint64
bh_prepare_memory_available (void)
{
  g_autofree char *text = NULL;
  unsigned long long kib = 0;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return 0;
  line = strstr (text, "MemAvailable:");
  if (!line || sscanf (line, "MemAvailable: %llu", &kib) != 1)
    return 0;
  return kib / 1024;
}

static gboolean
check_memory (BhVmConfig *config, GError **error)
{
  guint64 wanted = (guint64) bh_vm_config_get_int (config, "Memory");
  guint64 there = bh_prepare_memory_available ();

  if (there == 0 || wanted + SPARE_MIB <= there)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_NO_MEMORY,
               "“%s” is to have %" G_GUINT64_FORMAT " MiB of memory, and %" G_GUINT64_FORMAT
               " MiB are free. Close something, stop another AppVM, or give this one less memory.",
               bh_vm_config_get (config, "Name"), wanted,
               there > SPARE_MIB ? there - SPARE_MIB : 0);
  return FALSE;
}

typedef struct
{
  GTask *task;
  const char *name;
} StepCall;

static gboolean
report_step (gpointer data)
{
  StepCall *call = data;
  Work *work = g_task_get_task_data (call->task);

  if (!g_task_get_completed (call->task)
      && !g_cancellable_is_cancelled (g_task_get_cancellable (call->task)))
    work->step (call->name, work->data);
  return G_SOURCE_REMOVE;
}

static void
step_call_free (gpointer data)
{
  StepCall *call = data;

  g_object_unref (call->task);
  g_free (call);
}

/* As urgent as the task's own return, so that none comes after it. */
static void
step (GTask *task, const char *name)
{
  StepCall *call = g_new0 (StepCall, 1);

  call->task = g_object_ref (task);
  call->name = name;
  g_idle_add_full (G_PRIORITY_DEFAULT, report_step, call, step_call_free);
}

gboolean
bh_prepare_has_opt (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/opt", 0, NULL);

  return dir && g_dir_read_name (dir) != NULL;
}

/* Whether an AppVM like @spec can be thawed, and how: sets guest, or why_boot and plan. */
static void
look_for_frozen (BhPrepared *out, Work *work, const BhDomainSpec *spec, gboolean own,
                 GCancellable *cancellable)
{
  g_autofree char *key = NULL;
  g_autoptr (GError) error = NULL;
  gulong libvirt = 0;

  if (spec->debug)
    out->why_boot = g_strdup ("debugging");
  else if (g_strcmp0 (bh_vm_config_get (work->config, "Thaw"), "true") != 0)
    out->why_boot = g_strdup ("its settings say so");
  else if (spec->pci_devices)
    out->why_boot = g_strdup ("it has PCI devices");
  else if (own)
    out->why_boot = g_strdup ("its kernel, log level or QEMU arguments are its own");
  if (out->why_boot)
    return;
  if (virGetVersion (&libvirt, NULL, NULL) == 0)
    key = bh_frozen_guest_key (spec, libvirt, &error);
  if (key && work->frozen)
    out->guest = bh_frozen_take (work->frozen, key, cancellable, &error);
  if (out->guest)
    return;
  if (key)
    out->plan = bh_frozen_plan_new (spec, key, out->kernel_release);
  if (!work->frozen) /* it is thrown away, and made anew */
    out->why_boot = g_strdup ("what was frozen did not thaw");
  else
    out->why_boot = g_error_matches (error, BH_ERROR, BH_ERROR_NOT_FOUND)
                        ? g_strdup ("there is no frozen guest yet")
                        : g_strdup (error ? error->message : "libvirt's version is not known");
}

/* What the settings ask for beyond the usual, as texts that live as long as the preparation. */
typedef struct
{
  BhKernel *kernel;
  char *initramfs, *probe; /* the one to find out with whether KVM works */
  char **arguments;
  guint log_level;
  gboolean debug;
  gboolean own; /* any of it: no frozen guest is like that */
} Boot;

static void
boot_clear (Boot *boot)
{
  g_clear_pointer (&boot->kernel, bh_kernel_free);
  g_free (boot->initramfs);
  g_free (boot->probe);
  g_strfreev (boot->arguments);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Boot, boot_clear)

static gboolean
find_boot (GTask *task, Work *work, Boot *boot, GCancellable *cancellable, GError **error)
{
  const char *kernel = bh_vm_config_get (work->config, "Kernel");
  const char *initramfs = bh_vm_config_get (work->config, "Initramfs");
  const char *arguments = bh_vm_config_get (work->config, "QemuArguments");
  const char *level = bh_vm_config_get (work->config, "LogLevel");

  boot->debug = work->debug || g_str_equal (level, "debug");
  boot->log_level = g_str_equal (level, "info") ? 6 : 0;
  boot->own = *kernel || *initramfs || *arguments || boot->log_level || boot->debug
              || *bh_vm_config_get (work->config, "KernelParameters");
  if (*arguments && !g_shell_parse_argv (arguments, NULL, &boot->arguments, error))
    return FALSE;
  step (task, "kernel");
  boot->kernel = *kernel ? bh_kernel_open (kernel, *initramfs, cancellable, error)
                         : bh_kernel_find (cancellable, error);
  if (!boot->kernel)
    return FALSE;
  step (task, "initramfs");
  if (!*initramfs)
    boot->initramfs = bh_initramfs_ensure (boot->kernel, cancellable, error);
  else if (access (initramfs, R_OK) == 0 && g_file_test (initramfs, G_FILE_TEST_IS_REGULAR))
    boot->initramfs = g_strdup (initramfs);
  else
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "The initramfs %s is not a file that can be read. Choose another, or none.",
                 initramfs);
  if (!boot->initramfs)
    return FALSE;
  boot->probe = *initramfs ? bh_initramfs_ensure (boot->kernel, cancellable, NULL) : NULL;
  if (!boot->probe)
    boot->probe = g_strdup (boot->initramfs);
  return TRUE;
}

/* Where programs come from. */
typedef struct
{
  char *seed;
  char *image, *modules; /* NULL: from this computer */
} Programs;

static void
programs_clear (Programs *programs)
{
  g_free (programs->seed);
  g_free (programs->image);
  g_free (programs->modules);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Programs, programs_clear)

/* All but the modules. */
static gboolean
find_programs (BhVmConfig *config, Programs *programs, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failed = NULL;
  g_autoptr (BhDebianSet) set = bh_debian_set_of (config, &failed);
  g_autofree char *dir = set ? bh_debian_find (set, &failed) : NULL;

  if (failed)
    {
      g_propagate_error (error, g_steal_pointer (&failed));
      return FALSE;
    }
  if (!dir)
    return (programs->seed = bh_template_ensure_host (cancellable, error)) != NULL;
  programs->seed = g_build_filename (dir, "seed", NULL);
  programs->image = g_build_filename (dir, "image", NULL);
  return TRUE;
}

/* Thousands of files are looked at for the programs, and hundreds for the kernel: both at once. */
typedef struct
{
  BhVmConfig *config;
  GCancellable *cancellable;
  Programs *programs;
  GError *error;
} Search;

static gpointer
search_programs (gpointer data)
{
  Search *search = data;

  find_programs (search->config, search->programs, search->cancellable, &search->error);
  return NULL;
}

static gboolean
find_all (GTask *task, Work *work, Boot *boot, Programs *programs, GCancellable *cancellable, GError **error)
{
  Search search = { work->config, cancellable, programs, NULL };
  GThread *thread = g_thread_new ("programs", search_programs, &search);
  gboolean good = find_boot (task, work, boot, cancellable, error);

  if (good)
    step (task, "template");
  g_thread_join (thread);
  if (good && search.error)
    {
      g_propagate_error (error, search.error);
      return FALSE;
    }
  g_clear_error (&search.error);
  if (good && programs->image)
    programs->modules = g_path_get_dirname (boot->kernel->modules_dir);
  return good;
}

/* KVM is proven with a guest of ours; without one it is as good as not there. */
static gboolean
find_kvm (GCancellable *cancellable)
{
  g_autoptr (BhKernel) kernel = bh_accel_can_open_kvm () ? bh_kernel_find (cancellable, NULL) : NULL;
  g_autofree char *probe = kernel ? bh_initramfs_ensure (kernel, cancellable, NULL) : NULL;

  return probe && bh_accel_kvm_usable (kernel, probe, cancellable);
}

/* What Debian's package "ovmf" brings, and others under other names. */
static const char *const uefi[][2] = {
  { "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd" },
  { "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd" },
  { "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd" },
};

/* Its variables begin anew with each start: what the image says of them is in its EFI system partition. */
static gboolean
find_firmware (BhVmConfig *config, const BhImage *image, const char *runtime_dir, BhDomainDisk *disk,
               char **vars, GError **error)
{
  const char *wanted = bh_vm_config_get (config, "Firmware");
  g_autofree char *bytes = NULL;
  gsize size;

  if (g_str_equal (wanted, "bios") || (g_str_equal (wanted, "auto") && !image->uefi))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (uefi); i++)
    if (access (uefi[i][0], R_OK) == 0 && g_file_get_contents (uefi[i][1], &bytes, &size, NULL))
      {
        *vars = g_build_filename (runtime_dir, "uefi-vars.fd", NULL);
        disk->uefi_code = uefi[i][0];
        disk->uefi_vars = *vars;
        return g_file_set_contents_full (*vars, bytes, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600,
                                         error);
      }
  g_set_error (error, BH_ERROR, BH_ERROR_BOOT_FAILED,
               "The disk image %s boots with UEFI, whose firmware is not there. Install the package ovmf.",
               bh_vm_config_get (config, "Image"));
  return FALSE;
}

/* For what may be plugged in. */
static void
give_places (Work *work, guint pci_devices, BhPrepared *out, BhDomainSpec *spec)
{
  spec->pci_devices = pci_devices;
  spec->more_disks = *bh_vm_config_get (work->config, "Disks") != '\0';
  spec->nics = work->many_nics || spec->more_disks || pci_devices > 0 ? BH_DOMAIN_MANY_NICS : BH_DOMAIN_FEW_NICS;
  out->nics = spec->nics;
}

/* One that boots by itself: nothing of it is ours but the machine. */
static BhPrepared *
prepare_disk (GTask *task, Work *work, GCancellable *cancellable, GError **error)
{
  g_autoptr (BhPrepared) out = g_new0 (BhPrepared, 1);
  const char *arguments = bh_vm_config_get (work->config, "QemuArguments");
  g_autofree char *runtime_dir = bh_paths_runtime_dir (work->id);
  g_autofree char *log_file = bh_paths_log_file (work->id);
  g_autofree char *qemu = NULL, *emulator = NULL, *base = NULL, *top = NULL, *vars = NULL;
  g_autoptr (GPtrArray) pci = NULL;
  g_auto (GStrv) words = NULL;
  BhDomainDisk disk = { 0 };
  BhDomainSpec spec;

  if (!check_memory (work->config, error) || !(pci = bh_pci_check (work->config, error))
      || (*arguments && !g_shell_parse_argv (arguments, NULL, &words, error))
      || !bh_boot_disk_check (work->config, NULL, error)
      || !(qemu = bh_emulator_find_qemu (error)) || !(emulator = bh_emulator_ensure (qemu, error)))
    return NULL;
  step (task, "image");
  if (!(out->disk = bh_boot_disk_open (work->config, cancellable, error)))
    return NULL;
  step (task, "domain");
  out->kvm = find_kvm (cancellable);
  if (!bh_log_prepare (work->id, error) || !bh_paths_ensure (runtime_dir, error)
      || !find_firmware (work->config, &out->disk->image, runtime_dir, &disk, &vars, error))
    return NULL;
  if (out->disk->base >= 0)
    disk.base = base = g_strdup_printf ("/proc/%d/fd/%d", (int) getpid (), out->disk->base);
  disk.top = top = g_strdup_printf ("/proc/%d/fd/%d", (int) getpid (), out->disk->top);
  disk.base_qcow2 = out->disk->image.qcow2;
  disk.top_qcow2 = disk.base || out->disk->image.qcow2;
  out->uuid = g_uuid_string_random ();
  out->memory_mib = (guint) bh_vm_config_get_int (work->config, "Memory");
  out->why_boot = g_strdup ("it boots from a disk image");
  spec = (BhDomainSpec){ .id = work->id,
                         .uuid = out->uuid,
                         .kvm = out->kvm,
                         .memory_mib = out->memory_mib,
                         .cpus = (guint) bh_vm_config_get_int (work->config, "Processors"),
                         .region_mib = REGION_MIB,
                         .runtime_dir = runtime_dir,
                         .log_file = log_file,
                         .emulator = emulator,
                         .qemu = qemu,
                         .arguments = (const char *const *) words,
                         .disk = &disk };
  give_places (work, pci->len, out, &spec);
  if (!(out->xml = bh_domain_xml_new (&spec, error)))
    return NULL;
  return g_steal_pointer (&out);
}

static BhPrepared *
prepare (GTask *task, Work *work, GCancellable *cancellable, GError **error)
{
  g_autoptr (BhPrepared) out = g_new0 (BhPrepared, 1);
  g_auto (Boot) boot = { 0 };
  const char *id = work->id;
  g_autofree char *runtime_dir = bh_paths_runtime_dir (id);
  g_autofree char *log_file = bh_paths_log_file (id);
  g_auto (Programs) programs = { 0 };
  g_autofree char *qemu = NULL;
  g_autofree char *emulator = NULL;
  g_autofree char *ram = NULL, *state = NULL;
  g_autoptr (GPtrArray) pci = NULL;
  BhDomainSpec spec = { 0 };

  if (!check_memory (work->config, error) || !(pci = bh_pci_check (work->config, error)))
    return NULL;
  if (!(qemu = bh_emulator_find_qemu (error)) || !(emulator = bh_emulator_ensure (qemu, error)))
    return NULL;
  if (!find_all (task, work, &boot, &programs, cancellable, error))
    return NULL;
  step (task, "domain");
  out->kvm = bh_accel_kvm_usable (boot.kernel, boot.probe, cancellable);
  if (!bh_log_prepare (id, error) || !bh_paths_ensure (runtime_dir, error))
    return NULL;
  out->uuid = g_uuid_string_random ();
  out->kernel_release = g_strdup (boot.kernel->release);
  out->memory_mib = (guint) bh_vm_config_get_int (work->config, "Memory");
  spec = (BhDomainSpec){
    .id = id,
    .uuid = out->uuid,
    .kvm = out->kvm,
    .memory_mib = out->memory_mib,
    .cpus = (guint) bh_vm_config_get_int (work->config, "Processors"),
    .region_mib = REGION_MIB,
    .kernel = boot.kernel->image,
    .initramfs = boot.initramfs,
    .seed = programs.seed,
    .image = programs.image,
    .modules = programs.modules,
    .opt = !programs.image && bh_prepare_has_opt (),
    .runtime_dir = runtime_dir,
    .log_file = log_file,
    .emulator = emulator,
    .qemu = qemu,
    .log_level = boot.log_level,
    .parameters = bh_vm_config_get (work->config, "KernelParameters"),
    .arguments = (const char *const *) boot.arguments,
    .debug = boot.debug,
  };
  give_places (work, pci->len, out, &spec);
  look_for_frozen (out, work, &spec, boot.own, cancellable);
  if (out->guest)
    {
      ram = bh_frozen_guest_ram_path (out->guest);
      state = bh_frozen_guest_state_path (out->guest);
      spec.way = BH_DOMAIN_THAW;
      spec.ram = ram;
      spec.state = state;
      spec.ram_read_only = out->guest->read_only;
    }
  if (!(out->xml = bh_domain_xml_new (&spec, error)))
    return NULL;
  return g_steal_pointer (&out);
}

static void
prepare_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  BhPrepared *prepared = bh_vm_config_is_disk (((Work *) data)->config)
                             ? prepare_disk (task, data, cancellable, &error)
                             : prepare (task, data, cancellable, &error);

  if (prepared)
    g_task_return_pointer (task, prepared, (GDestroyNotify) bh_prepared_free);
  else
    g_task_return_error (task, error);
}

void
bh_prepare_async (const char *id, BhVmConfig *config, gboolean debug, BhFrozen *frozen,
                  BhPrepareStep step, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Work *work = g_new0 (Work, 1);

  work->id = g_strdup (id);
  work->config = bh_vm_config_ref (config);
  work->debug = debug;
  work->many_nics = bh_network_needs_more (config, BH_DOMAIN_FEW_NICS);
  work->frozen = frozen ? g_object_ref (frozen) : NULL;
  work->step = step;
  work->data = data;
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, prepare_in_thread);
}

BhPrepared *
bh_prepare_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
