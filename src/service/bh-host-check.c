/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of this computer AppVMs need, for people. */
#include "config.h"

#include "bh-host-check.h"

#include "bh-accel.h"
#include "bh-display.h"
#include "bh-domain-xml.h"
#include "bh-error.h"
#include "bh-initramfs.h"
#include "bh-kernel.h"
#include "bh-paths.h"
#include "bh-prepare.h"

#include <errno.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COMFORTABLE_MIB 2048

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

static void
add (GVariantBuilder *out, const char *id, const char *title, const char *severity,
     const char *detail, const char *fix)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "title", "s", title);
  g_variant_dict_insert (&dict, "ok", "b", g_str_equal (severity, "ok"));
  g_variant_dict_insert (&dict, "severity", "s", severity);
  g_variant_dict_insert (&dict, "detail", "s", detail);
  g_variant_dict_insert (&dict, "fix", "s", fix);
  g_variant_builder_add_value (out, g_variant_dict_end (&dict));
}

/* One flag of the first processor. */
static gboolean
cpu_has (const char *flag)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) flags = NULL;
  char *line, *end;

  if (!g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL))
    return FALSE;
  line = strstr (text, "\nflags");
  if (!line || !(line = strchr (line, ':')))
    return FALSE;
  end = strchr (line, '\n');
  if (end)
    *end = '\0';
  flags = g_strsplit (line + 1, " ", -1);
  return g_strv_contains ((const char *const *) flags, flag);
}

static void
check_kvm (GVariantBuilder *out, Work *work, const BhKernel *kernel)
{
  const char *title = "Virtualization";
  const char *slow =
      "AppVMs work, but programs in them are slow: this computer emulates their processor.";
  gboolean inside = cpu_has ("hypervisor");
  g_autofree char *initramfs = kernel ? bh_initramfs_ensure (kernel, NULL, NULL) : NULL;
  g_autofree char *detail = NULL;
  const char *fix;

  work->kvm = initramfs && bh_accel_kvm_usable (kernel, initramfs, NULL);
  if (work->kvm)
    {
      add (out, "virtualization", title, "ok", "KVM works.", "");
      return;
    }
  if (access ("/dev/kvm", F_OK) != 0 && inside)
    fix = "This computer is a virtual machine itself. Switch on nested virtualization in its "
          "settings.";
  else if (access ("/dev/kvm", F_OK) != 0 && (cpu_has ("vmx") || cpu_has ("svm")))
    fix = "The processor has virtualization. Switch it on in the firmware (VT-x or SVM), and see "
          "that "
          "the module kvm_intel or kvm_amd is loaded.";
  else if (access ("/dev/kvm", F_OK) != 0)
    fix = "Switch on virtualization (VT-x or AMD-V) in the firmware, if the processor has it.";
  else if (access ("/dev/kvm", R_OK | W_OK) != 0)
    fix = "You may not use /dev/kvm. Add yourself to the group kvm: sudo usermod -aG kvm $USER; "
          "then log "
          "in again.";
  else
    fix = inside ? "/dev/kvm is there, but a test machine did not start with it. This computer is "
                   "a virtual "
                   "machine itself, and its host does not pass virtualization on properly."
                 : "/dev/kvm is there, but a test machine did not start with it. Look at the "
                   "kernel's log: "
                   "sudo dmesg | grep -i kvm";
  detail = g_strconcat (slow, inside ? " (This computer is itself a virtual machine.)" : "", NULL);
  add (out, "virtualization", title, "warning", detail, fix);
}

static BhKernel *
check_kernel (GVariantBuilder *out)
{
  g_autoptr (GError) error = NULL;
  BhKernel *kernel = bh_kernel_find (NULL, &error);

  if (kernel)
    add (out, "kernel", "Kernel for AppVMs", "ok", kernel->release, "");
  else
    add (out, "kernel", "Kernel for AppVMs", "error", error->message,
         g_error_matches (error, BH_ERROR, BH_ERROR_NO_KERNEL)
             ? "Install a kernel: sudo apt install linux-image-amd64"
             : "");
  return kernel;
}

static void
check_programs (GVariantBuilder *out, Work *work)
{
  static const char *const programs[] = { "bulkhead-proxy", "bulkhead-vmm", "bulkhead-guest",
                                          "bulkhead-init" };
  g_autoptr (GError) error = NULL;
  g_autofree char *qemu = bh_emulator_find_qemu (&error);
  g_autoptr (GString) missing = g_string_new (NULL);

  if (qemu)
    add (out, "qemu", "QEMU", "ok", qemu, "");
  else
    add (out, "qemu", "QEMU", "error", error->message, "sudo apt install qemu-system-x86");
  if (work->libvirt)
    add (out, "libvirt", "libvirt", "ok", work->libvirt, "");
  else
    add (out, "libvirt", "libvirt", "error", work->libvirt_error,
         "sudo apt install libvirt-daemon libvirt-daemon-driver-qemu");
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = bh_paths_program (programs[i]);
      if (access (path, X_OK) != 0)
        g_string_append_printf (missing, "%s%s", missing->len ? ", " : "", path);
    }
  if (missing->len > 0)
    add (out, "installation", "Bulkhead's own programs", "error", missing->str,
         "This installation is not complete. Install Bulkhead again.");
  else
    add (out, "installation", "Bulkhead's own programs", "ok", BH_VERSION, "");
}

static void
check_landlock (GVariantBuilder *out)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  g_autofree char *detail = NULL;

  if (abi >= 1)
    {
      detail = g_strdup_printf ("Landlock, version %ld", abi);
      add (out, "landlock", "Confinement", "ok", detail, "");
    }
  else
    add (out, "landlock", "Confinement", "warning",
         "Landlock is not available, so a defect in QEMU would be confined less well.",
         errno == EOPNOTSUPP ? "Switch it on: add “landlock” to the kernel's lsm= parameter."
                             : "Use a kernel from 5.13 on with Landlock.");
}

static void
check_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  g_autoptr (BhKernel) kernel = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *display = NULL;
  g_autofree char *memory = NULL;
  guint64 free_mib = bh_prepare_memory_available ();
  GVariantBuilder out;

  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  kernel = check_kernel (&out);
  check_kvm (&out, work, kernel);
  check_programs (&out, work);
  memory = g_strdup_printf ("%" G_GUINT64_FORMAT " MiB are free.", free_mib);
  if (free_mib >= COMFORTABLE_MIB)
    add (&out, "memory", "Memory", "ok", memory, "");
  else
    add (&out, "memory", "Memory", "warning", memory, "Close programs that you do not need.");
  display = bh_display_find (NULL, &error);
  if (display)
    add (&out, "display", "Wayland desktop", "ok", display, "");
  else
    add (&out, "display", "Wayland desktop", "warning", error->message,
         "Choose a Wayland session when you log in.");
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
