/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * QEMU, and the path under which libvirt knows bulkhead-vmm. */
#include "config.h"

#include "bh-domain-xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-paths.h"

char *
bh_emulator_find_qemu (GError **error)
{
  const char *paths[] = { g_getenv ("BULKHEAD_QEMU"), "/usr/bin/qemu-system-x86_64",
                          "/usr/bin/qemu-kvm", "/usr/libexec/qemu-kvm" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      if (paths[i] == NULL)
        continue;
      if (g_path_is_absolute (paths[i]) && access (paths[i], X_OK) == 0)
        return g_strdup (paths[i]);
      if (i == 0)
        break; /* the one asked for, or none */
    }
  g_set_error (error, BH_ERROR, BH_ERROR_NO_HYPERVISOR,
               "QEMU is not installed. Install the package qemu-system-x86 "
               "(Debian, Ubuntu, Fedora) or qemu-base (Arch).");
  return NULL;
}

char *
bh_emulator_ensure (const char *qemu, GError **error)
{
  g_autofree char *program = bh_paths_program ("bulkhead-vmm");
  /* Without links: the same program is the same emulator, however it is reached. */
  g_autofree char *real = realpath (program, NULL);
  const char *vmm = real ? real : program;
  g_autofree char *dir = bh_paths_cache_dir ("emulators");
  g_autofree char *what = NULL, *sum = NULL, *link = NULL, *temporary = NULL, *target = NULL;
  struct stat qemu_stat, vmm_stat;

  if (stat (qemu, &qemu_stat) != 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NO_HYPERVISOR, "Cannot use %s: %s", qemu,
                   g_strerror (errno));
      return NULL;
    }
  if (stat (vmm, &vmm_stat) != 0 || access (vmm, X_OK) != 0)
    {
      bh_error_set_from_errno (error, errno, "This installation lacks %s", vmm);
      return NULL;
    }
  if (!bh_paths_ensure (dir, error))
    return NULL;
  what = g_strdup_printf ("%s %s %llu %lld %lld.%09ld", vmm, qemu,
                          (unsigned long long) qemu_stat.st_ino, (long long) qemu_stat.st_size,
                          (long long) qemu_stat.st_mtim.tv_sec, qemu_stat.st_mtim.tv_nsec);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, what, -1);
  sum[16] = '\0';
  link = g_strdup_printf ("%s/%s-vmm", dir, sum);
  target = g_file_read_link (link, NULL);
  if (g_strcmp0 (target, vmm) == 0)
    return g_steal_pointer (&link);
  temporary = g_strdup_printf ("%s.%d", link, (int) getpid ());
  unlink (temporary);
  if (symlink (vmm, temporary) != 0 || rename (temporary, link) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make %s", link);
      unlink (temporary);
      return NULL;
    }
  return g_steal_pointer (&link);
}
