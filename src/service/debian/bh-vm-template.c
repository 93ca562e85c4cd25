/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which build of its Debian template an AppVM runs from. */
#include "config.h"

#include "bh-vm-template.h"

#include "bh-debian.h"
#include "bh-domain.h"

#include <string.h>

/* Whether @pid has another build of the templates open than @current; a machine that an earlier service
 * started tells it, too. */
static gboolean
has_other (pid_t pid, const char *current)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autofree char *templates = bh_debian_dir (NULL);
  g_autofree char *inside = g_strconcat (templates, "/", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target && g_str_has_prefix (target, inside) && !g_str_has_prefix (target, current))
        return TRUE;
    }
  return FALSE;
}

static gboolean
runs_other (BhVm *vm)
{
  g_autoptr (BhDebianSet) set = bh_debian_set_of (bh_vm_get_config (vm), NULL);
  g_autofree char *dir = set ? bh_debian_dir (set->key) : NULL;
  g_autofree char *current =
      set ? g_strdup_printf ("%s/%u/", dir, bh_debian_current (set->key)) : NULL;
  pid_t pid = set && bh_vm_is_active (vm) ? bh_domain_find_pid (bh_vm_get_id (vm)) : 0;

  return pid > 0 && has_other (pid, current);
}

gboolean
bh_vm_template_show (BhVm *vm)
{
  gboolean old = runs_other (vm);

  bh_dbus_vm1_set_runs_old_template (BH_DBUS_VM1 (vm), old);
  return old;
}
