/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether this computer can really run guests with KVM: by booting one. */
#include "config.h"

#include "bh-accel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bh-domain-xml.h"
#include "bh-paths.h"

#define SECONDS 8
#define MAX_OUTPUT 65536
/* What bulkhead-init says (src/init/main.c). */
#define PROOF "BULKHEAD-PROBE-OK"

gboolean
bh_accel_can_open_kvm (void)
{
  const char *device = g_getenv ("BULKHEAD_KVM_DEVICE"); /* tests */
  int fd = open (device ? device : "/dev/kvm", O_RDWR | O_CLOEXEC);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

/* What the answer depends on. */
static char *
make_key (const BhKernel *kernel, const char *initramfs, const char *qemu)
{
  g_autofree char *boot = NULL, *text = NULL;
  struct stat st = { 0 };

  g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL);
  stat (qemu, &st);
  text = g_strdup_printf ("%s %s %s %s %lld.%ld", boot ? boot : "", kernel->image, initramfs, qemu,
                          (long long) st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

static GPid
start_probe (const BhKernel *kernel, const char *initramfs, const char *qemu, int *output)
{
  g_autofree char *vmm = bh_paths_program ("bulkhead-vmm");
  g_autofree char *line = bh_domain_command_line (TRUE, FALSE);
  g_autofree char *append = g_strconcat (line, " bulkhead.probe", NULL);
  g_autofree char *readable = g_strjoin (":", kernel->image, initramfs, NULL);
  g_auto (GStrv) environment = g_get_environ ();
  /* clang-format off */
  const char *argv[] = { vmm, "-no-user-config", "-nodefaults", "-display", "none",
                         "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256",
                         "-no-reboot", "-kernel", kernel->image, "-initrd", initramfs,
                         "-append", append, "-serial", "stdio", "-monitor", "none", "-sandbox",
                         "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                         NULL };
  /* clang-format on */
  GPid pid;

  environment = g_environ_setenv (environment, "BULKHEAD_VMM_QEMU", qemu, TRUE);
  environment = g_environ_setenv (environment, "BULKHEAD_VMM_READ", readable, TRUE);
  if (!g_spawn_async_with_pipes ("/", (char **) argv, environment,
                                 G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                                 &pid, NULL, output, NULL, NULL))
    return 0;
  return pid;
}

/* Whether the guest says it in time. */
static gboolean
watch_probe (int output, GCancellable *cancellable)
{
  const char *seconds = g_getenv ("BULKHEAD_KVM_SECONDS"); /* tests */
  const gint64 deadline =
      g_get_monotonic_time () + (seconds ? atoi (seconds) : SECONDS) * G_USEC_PER_SEC;
  g_autoptr (GString) said = g_string_new (NULL);

  while (!g_cancellable_is_cancelled (cancellable) && said->len < MAX_OUTPUT)
    {
      GPollFD fds[2] = { { .fd = output, .events = G_IO_IN } };
      gint64 left = deadline - g_get_monotonic_time ();
      gboolean cancels = cancellable && g_cancellable_make_pollfd (cancellable, &fds[1]);
      char buffer[1024];
      gssize n = 0;
      int ready = left > 0 ? g_poll (fds, cancels ? 2 : 1, left / 1000 + 1) : 0;

      if (cancels)
        g_cancellable_release_fd (cancellable);
      if (ready <= 0)
        return FALSE;
      if (fds[0].revents == 0)
        continue;
      n = read (output, buffer, sizeof buffer);
      if (n <= 0)
        return FALSE;
      g_string_append_len (said, buffer, n);
      if (strstr (said->str, PROOF))
        return TRUE;
    }
  return FALSE;
}

gboolean
bh_accel_kvm_usable (const BhKernel *kernel, const char *initramfs, GCancellable *cancellable)
{
  g_autofree char *dir = NULL, *file = NULL, *key = NULL, *known = NULL, *text = NULL;
  g_autofree char *qemu = bh_emulator_find_qemu (NULL);
  gboolean usable;
  GPid pid;
  int output;

  if (qemu == NULL || !bh_accel_can_open_kvm ())
    return FALSE;
  dir = bh_paths_cache_dir ("accel");
  file = g_build_filename (dir, "kvm", NULL);
  key = make_key (kernel, initramfs, qemu);
  if (g_file_get_contents (file, &known, NULL, NULL) && g_str_has_prefix (known, key))
    return g_str_has_suffix (known, " yes\n");

  pid = start_probe (kernel, initramfs, qemu, &output);
  if (pid == 0)
    return FALSE;
  usable = watch_probe (output, cancellable);
  close (output);
  kill (pid, SIGKILL);
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
  g_spawn_close_pid (pid);
  if (g_cancellable_is_cancelled (cancellable))
    return FALSE;
  text = g_strdup_printf ("%s %s\n", key, usable ? "yes" : "no");
  if (bh_paths_ensure (dir, NULL))
    g_file_set_contents (file, text, -1, NULL);
  return usable;
}
