/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where Bulkhead keeps what. */
#include "config.h"

#include "bh-paths.h"

#include "bh-error.h"

#include <errno.h>

char *
bh_paths_vm_dir (void)
{
  return g_build_filename (g_get_user_config_dir (), "bulkhead", "vms", NULL);
}

char *
bh_paths_vm_file (const char *id)
{
  g_autofree char *name = g_strconcat (id, ".vm", NULL);

  return g_build_filename (g_get_user_config_dir (), "bulkhead", "vms", name, NULL);
}

char *
bh_paths_state_file (const char *name)
{
  return g_build_filename (g_get_user_state_dir (), "bulkhead", name, NULL);
}

char *
bh_paths_log_file (const char *id)
{
  g_autofree char *name = g_strconcat (id, ".log", NULL);

  return bh_paths_state_file (name);
}

char *
bh_paths_data_dir (const char *kind)
{
  return g_build_filename (g_get_user_data_dir (), "bulkhead", kind, NULL);
}

char *
bh_paths_inbox (const char *id)
{
  return g_build_filename (g_get_home_dir (), "Bulkhead", id, NULL);
}

char *
bh_paths_cache_dir (const char *kind)
{
  return g_build_filename (g_get_user_cache_dir (), "bulkhead", kind, NULL);
}

char *
bh_paths_runtime_dir (const char *id)
{
  return g_build_filename (g_get_user_runtime_dir (), "bulkhead", id, NULL);
}

char *
bh_paths_program (const char *name)
{
  const char *dir = g_getenv ("BULKHEAD_LIBEXEC_DIR");

  return g_build_filename (dir && g_path_is_absolute (dir) ? dir : BH_PKGLIBEXECDIR, name, NULL);
}

gboolean
bh_paths_ensure (const char *dir, GError **error)
{
  if (g_mkdir_with_parents (dir, 0700) == 0)
    return TRUE;
  bh_error_set_from_errno (error, errno, "Cannot make the folder %s", dir);
  return FALSE;
}
