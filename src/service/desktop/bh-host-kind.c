/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What kind of computer this is: a real one, or a virtual machine of some kind. */
#include "config.h"

#include "bh-host-kind.h"

#include <string.h>

gboolean
bh_host_has_cpu_flag (const char *flag)
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

BhHostKind
bh_host_kind_of (gboolean virtual, const char *vendor, const char *product, gboolean xen,
                 gboolean qubes)
{
  vendor = vendor ? vendor : "";
  product = product ? product : "";
  if (qubes)
    return BH_HOST_QUBES;
  if (strstr (product, "VirtualBox") || strstr (vendor, "innotek"))
    return BH_HOST_VIRTUALBOX;
  if (strstr (vendor, "VMware") || strstr (product, "VMware"))
    return BH_HOST_VMWARE;
  if (xen || strstr (vendor, "Xen"))
    return BH_HOST_XEN;
  if (!virtual)
    return BH_HOST_REAL;
  if (strstr (vendor, "Microsoft"))
    return BH_HOST_HYPERV;
  if (strstr (vendor, "QEMU") || strstr (product, "KVM") || strstr (vendor, "Red Hat")
      || strstr (vendor, "Google"))
    return BH_HOST_KVM;
  return BH_HOST_OTHER;
}

static char *
read_word (const char *path)
{
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  return g_strstrip (text);
}

BhHostKind
bh_host_kind (void)
{
  g_autofree char *vendor = read_word ("/sys/class/dmi/id/sys_vendor");
  g_autofree char *product = read_word ("/sys/class/dmi/id/product_name");
  g_autofree char *hypervisor = read_word ("/sys/hypervisor/type");

  return bh_host_kind_of (bh_host_has_cpu_flag ("hypervisor"), vendor, product,
                          g_strcmp0 (hypervisor, "xen") == 0,
                          g_file_test ("/usr/share/qubes", G_FILE_TEST_IS_DIR));
}
