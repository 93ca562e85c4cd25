/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of this computer AppVMs need, for people. */
#include "config.h"

#include "bh-host-check.h"

#include "bh-accel.h"
#include "bh-display.h"
#include "bh-domain-xml.h"
#include "bh-error.h"
#include "bh-host-kind.h"
#include "bh-initramfs.h"
#include "bh-kernel.h"
#include "bh-kvm.h"
#include "bh-paths.h"
#include "bh-prepare.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COMFORTABLE_MIB 2048
#define COMFORTABLE_DISK (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  char *libvirt, *libvirt_error;
  GVariant *checks;
  gboolean kvm;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_free (work->libvirt);
  g_free (work->libvirt_error);
  g_clear_pointer (&work->checks, g_variant_unref);
  g_free (work);
}

/* @title, @detail and @fix are looked up in the catalogue by whoever shows them; @value is not: a version, a
 * path, a number. @command: what the fix is to type, @action: the method of Manager1 that does it; all but @title may
 * be "". */
static void
add_with_action (GVariantBuilder *out, const char *id, const char *title, const char *severity,
                 const char *detail, const char *value, const char *fix, const char *command,
                 const char *action)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "title", "s", title);
  g_variant_dict_insert (&dict, "ok", "b", g_str_equal (severity, "ok"));
  g_variant_dict_insert (&dict, "severity", "s", severity);
  g_variant_dict_insert (&dict, "detail", "s", detail);
  g_variant_dict_insert (&dict, "value", "s", value);
  g_variant_dict_insert (&dict, "fix", "s", fix);
  g_variant_dict_insert (&dict, "command", "s", command);
  g_variant_dict_insert (&dict, "action", "s", action);
  g_variant_builder_add_value (out, g_variant_dict_end (&dict));
}

static void
add (GVariantBuilder *out, const char *id, const char *title, const char *severity,
     const char *detail, const char *value, const char *fix, const char *command)
{
  add_with_action (out, id, title, severity, detail, value, fix, command, "");
}

static const struct
{
  BhHostKind kind;
  const char *name, *works, *fix, *command;
} kinds[] = {
  { BH_HOST_VIRTUALBOX, "VirtualBox", N_ ("KVM works, inside a virtual machine of VirtualBox."),
    N_ ("This computer is a virtual machine of VirtualBox. Shut it down, and switch on “Nested VT-x/AMD-V” in its "
        "settings, or type on the computer that runs it, with this machine's name:"),
    "VBoxManage modifyvm NAME --nested-hw-virt on" },
  { BH_HOST_VMWARE, "VMware", N_ ("KVM works, inside a virtual machine of VMware."),
    N_ ("This computer is a virtual machine of VMware. Shut it down, and switch on “Virtualize Intel VT-x/EPT or "
        "AMD-V/RVI” in its settings."),
    "" },
  { BH_HOST_QUBES, "Qubes OS", N_ ("KVM works, inside a qube."),
    N_ ("This computer is a qube of Qubes OS, which gives no qube virtualization of its own."), "" },
  { BH_HOST_XEN, "Xen", N_ ("KVM works, inside a virtual machine of Xen."),
    N_ ("This computer is a virtual machine of Xen, which gives it no virtualization of its own."), "" },
  { BH_HOST_HYPERV, "Hyper-V", N_ ("KVM works, inside a virtual machine of Hyper-V."),
    N_ ("This computer is a virtual machine of Hyper-V. Shut it down, and type in a PowerShell of the computer that "
        "runs it, with this machine's name:"),
    "Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true" },
  { BH_HOST_KVM, "KVM", N_ ("KVM works, inside another virtual machine."),
    N_ ("This computer is a virtual machine of KVM. Give it the processor of the computer that runs it "
        "(“host-passthrough”), and switch on nested virtualization there."),
    "" },
  { BH_HOST_OTHER, "", N_ ("KVM works, inside another virtual machine."),
    N_ ("This computer is a virtual machine itself. Switch on nested virtualization in its settings."), "" },
};

static void
add_no_kvm (GVariantBuilder *out, const char *title, BhHostKind kind)
{
  const char *slow =
      N_ ("AppVMs work, but programs in them are slow: this computer emulates their processor.");
  const char *name = "", *fix = "", *command = "", *action = "";

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].kind == kind)
      {
        name = kinds[i].name;
        fix = kinds[i].fix;
        command = kinds[i].command;
      }
  if (bh_kvm_can_enable ())
    {
      fix = access ("/dev/kvm", F_OK) == 0
                ? N_ ("You may not use /dev/kvm. Bulkhead can have it opened for you, now and at each start:")
                : N_ ("The processor has virtualization, but its module is not loaded. Bulkhead can have it loaded, now "
                      "and at each start:");
      command = "bulkheadctl check --enable-kvm";
      action = "EnableKvm";
    }
  else if (access ("/dev/kvm", F_OK) == 0)
    {
      command = "";
      if (access ("/dev/kvm", R_OK | W_OK) != 0)
        {
          fix = N_ ("You may not use /dev/kvm. Add yourself to the group kvm, then log in again:");
          command = "sudo usermod -aG kvm $USER";
        }
      else if (kind != BH_HOST_REAL)
        fix = N_ ("/dev/kvm is there, but a test machine did not start with it. This computer is a virtual "
                  "machine itself, and what runs it does not pass virtualization on properly.");
      else
        {
          fix = N_ ("/dev/kvm is there, but a test machine did not start with it. The kernel's log may say why:");
          command = "sudo dmesg | grep -i kvm";
        }
    }
  else if (kind == BH_HOST_REAL)
    {
      gboolean able = bh_host_has_cpu_flag ("vmx") || bh_host_has_cpu_flag ("svm");

      fix = able ? N_ ("The processor has virtualization, but its module is not loaded. Switch virtualization on "
                       "in the firmware (VT-x or SVM), then type:")
                 : N_ ("Switch on virtualization (VT-x or AMD-V) in the firmware, if the processor has it.");
      command = able ? "sudo modprobe kvm_intel || sudo modprobe kvm_amd" : "";
    }
  add_with_action (out, "virtualization", title, "warning", slow, name, fix, command, action);
}

static void
check_kvm (GVariantBuilder *out, Work *work, const BhKernel *kernel)
{
  const char *title = N_ ("Virtualization"), *works = N_ ("KVM works.");
  BhHostKind kind = bh_host_kind ();
  g_autofree char *initramfs = kernel ? bh_initramfs_ensure (kernel, NULL, NULL) : NULL;

  work->kvm = initramfs && bh_accel_kvm_usable (kernel, initramfs, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].kind == kind)
      works = kinds[i].works;
  if (work->kvm)
    add (out, "virtualization", title, "ok", works, "", "", "");
  else
    add_no_kvm (out, title, kind);
}

static BhKernel *
check_kernel (GVariantBuilder *out)
{
  const char *title = N_ ("Kernel for AppVMs");
  g_autoptr (GError) error = NULL;
  BhKernel *kernel = bh_kernel_find (NULL, &error);

  if (kernel)
    add (out, "kernel", title, "ok", "", kernel->release, "", "");
  else if (g_error_matches (error, BH_ERROR, BH_ERROR_NO_KERNEL))
    add (out, "kernel", title, "error",
         N_ ("AppVMs start with a Linux kernel of this computer, and none was found."), error->message,
         N_ ("Install one:"), "sudo apt install linux-image-amd64");
  else
    add (out, "kernel", title, "error",
         N_ ("AppVMs start with a Linux kernel of this computer, and you may not read its file."),
         error->message, N_ ("Let everybody read it, again after each update of the kernel:"),
         "sudo chmod a+r /boot/vmlinuz-*");
  return kernel;
}

static void
check_programs (GVariantBuilder *out, Work *work)
{
  static const char *const programs[] = { "bulkhead-proxy", "bulkhead-vmm", "bulkhead-guest",
                                          "bulkhead-init", "bulkhead-disktool" };
  g_autoptr (GError) error = NULL;
  g_autofree char *qemu = bh_emulator_find_qemu (&error);
  g_autoptr (GString) missing = g_string_new (NULL);
  const char *title = N_ ("Bulkhead's own programs");

  if (qemu)
    add (out, "qemu", "QEMU", "ok", "", qemu, "", "");
  else
    add (out, "qemu", "QEMU", "error", N_ ("It runs the AppVMs, and it is not installed."),
         error->message, N_ ("Install it:"), "sudo apt install qemu-system-x86");
  if (work->libvirt)
    add (out, "libvirt", "libvirt", "ok", "", work->libvirt, "", "");
  else
    add (out, "libvirt", "libvirt", "error",
         N_ ("It starts and stops the AppVMs, and it does not answer."), work->libvirt_error,
         N_ ("Install it:"), "sudo apt install libvirt-daemon libvirt-daemon-driver-qemu");
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = bh_paths_program (programs[i]);
      if (access (path, X_OK) != 0)
        g_string_append_printf (missing, "%s%s", missing->len ? ", " : "", path);
    }
  if (missing->len > 0)
    add (out, "installation", title, "error", N_ ("Some are missing."), missing->str,
         N_ ("This installation is not complete. Install Bulkhead again."), "");
  else
    add (out, "installation", title, "ok", "", BH_VERSION, "", "");
}

static void
check_landlock (GVariantBuilder *out)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  const char *title = N_ ("Confinement");
  g_autofree char *value = NULL;

  if (abi >= 1)
    {
      value = g_strdup_printf ("Landlock %ld", abi);
      add (out, "landlock", title, "ok", "", value, "", "");
    }
  else
    add (out, "landlock", title, "warning",
         N_ ("Landlock is not available, so a defect in QEMU would be confined less well."), "",
         errno == EOPNOTSUPP
             ? N_ ("Switch it on: add “landlock” to the lsm= parameter of the kernel.")
             : N_ ("Use a kernel from 5.13 on with Landlock."),
         "");
}

static void
check_room (GVariantBuilder *out)
{
  guint64 free_mib = bh_prepare_memory_available ();
  g_autofree char *memory = g_strdup_printf ("%" G_GUINT64_FORMAT " MiB", free_mib);
  g_autofree char *cache = bh_paths_cache_dir (NULL);
  g_autofree char *disk = NULL;
  struct statvfs st;

  if (free_mib >= COMFORTABLE_MIB)
    add (out, "memory", N_ ("Free memory"), "ok", "", memory, "", "");
  else
    add (out, "memory", N_ ("Free memory"), "warning",
         N_ ("It is little: an AppVM may not start, or others may become slow."), memory,
         N_ ("Close programs that you do not need."), "");
  /* The folder may not be there yet; what is above it has the same file system. */
  while (statvfs (cache, &st) != 0 && strchr (cache, '/') != cache)
    *strrchr (cache, '/') = '\0';
  if (statvfs (cache, &st) != 0)
    return;
  disk = g_strdup_printf ("%" G_GUINT64_FORMAT " MiB",
                          (guint64) st.f_bavail * st.f_frsize / (1024 * 1024));
  if ((guint64) st.f_bavail * st.f_frsize >= COMFORTABLE_DISK)
    add (out, "disk", N_ ("Free disk space"), "ok", "", disk, "", "");
  else
    add (out, "disk", N_ ("Free disk space"), "warning",
         N_ ("It is little: what AppVMs start from may not fit."), disk,
         N_ ("Delete what you do not need, for example frozen guests in the preferences."), "");
}

static gboolean
is_socket (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  struct stat st;

  return stat (path, &st) == 0 && S_ISSOCK (st.st_mode);
}

static void
check_desktop (GVariantBuilder *out)
{
  const char *runtime = g_get_user_runtime_dir ();
  g_autoptr (GError) error = NULL;
  g_autofree char *display = bh_display_find (NULL, &error);
  g_autofree char *passt = g_find_program_in_path ("passt");

  if (display)
    add (out, "display", N_ ("Wayland desktop"), "ok", "", display, "", "");
  else
    add (out, "display", N_ ("Wayland desktop"), "warning",
         N_ ("Programs in AppVMs show their windows on a Wayland desktop, and there is none."),
         error->message, N_ ("Choose a Wayland session when you log in."), "");
  if (is_socket (runtime, "pipewire-0"))
    add (out, "sound", N_ ("Sound server"), "ok", "", "PipeWire", "", "");
  else if (is_socket (runtime, "pulse/native"))
    add (out, "sound", N_ ("Sound server"), "ok", "", "PulseAudio", "", "");
  else
    add (out, "sound", N_ ("Sound server"), "warning",
         N_ ("Neither PipeWire nor PulseAudio runs, so programs in AppVMs cannot be heard."), "",
         N_ ("Install PipeWire, then log in again:"), "sudo apt install pipewire-pulse wireplumber");
  if (passt)
    add (out, "network", N_ ("Network for AppVMs"), "ok", "", passt, "", "");
  else
    add (out, "network", N_ ("Network for AppVMs"), "warning",
         N_ ("passt is not installed, so no AppVM can use the internet."), "",
         N_ ("Install it:"), "sudo apt install passt");
}

static void
check_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  g_autoptr (BhKernel) kernel = NULL;
  GVariantBuilder out;

  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  kernel = check_kernel (&out);
  check_kvm (&out, work, kernel);
  check_programs (&out, work);
  check_room (&out);
  check_desktop (&out);
  check_landlock (&out);
  work->checks = g_variant_ref_sink (g_variant_builder_end (&out));
  g_task_return_boolean (task, TRUE);
}

void
bh_host_check_async (const char *libvirt, const char *libvirt_error, GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Work *work = g_new0 (Work, 1);

  work->libvirt = g_strdup (libvirt);
  work->libvirt_error = g_strdup (libvirt_error ? libvirt_error : "");
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, check_in_thread);
}

GVariant *
bh_host_check_finish (GAsyncResult *result, gboolean *kvm)
{
  Work *work = g_task_get_task_data (G_TASK (result));

  *kvm = work->kvm;
  return g_steal_pointer (&work->checks);
}
