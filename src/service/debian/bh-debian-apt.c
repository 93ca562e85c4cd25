/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * apt with folders of its own. */
#include "config.h"

#include "bh-debian-apt.h"

#include "bh-error.h"
#include "bh-paths.h"

static gboolean
write_text (const char *dir, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autoptr (GError) local = NULL;

  if (g_file_set_contents (path, text, -1, &local))
    return TRUE;
  g_set_error_literal (error, BH_ERROR,
                       g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOSPC)
                           ? BH_ERROR_DISK_FULL
                           : BH_ERROR_FAILED,
                       local->message);
  return FALSE;
}

gboolean
bh_debian_apt_prepare (const char *folder, const BhDebianSources *sources, const char *more,
                       GError **error)
{
  static const char *const dirs[] = { "lists/partial",       "archives/partial",
                                      "etc/apt.conf.d",      "etc/preferences.d",
                                      "etc/sources.list.d",  "etc/trusted.gpg.d",
                                      "log" };
  g_autofree char *config = g_strdup_printf (
      "%s"
      "Dir::Etc \"%s/etc\";\nDir::Etc::main \"none\";\nDir::Etc::parts \"%s/etc/apt.conf.d\";\n"
      "Dir::State \"%s\";\nDir::State::lists \"%s/lists\";\nDir::State::status \"%s/status\";\n"
      "Dir::Cache \"%s\";\nDir::Cache::archives \"%s/archives\";\nDir::Log \"%s/log\";\n"
      "APT::Architecture \"amd64\";\nAPT::Architectures \"amd64\";\n"
      "APT::Install-Recommends \"false\";\nAPT::Update::Error-Mode \"any\";\n"
      "Acquire::Languages \"none\";\nAcquire::AllowInsecureRepositories \"false\";\n"
      "APT::Get::AllowUnauthenticated \"false\";\nAPT::Keep-Downloaded-Packages \"true\";\n%s",
      sources->options, folder, folder, folder, folder, folder, folder, folder, folder, more);

  for (gsize i = 0; i < G_N_ELEMENTS (dirs); i++)
    {
      g_autofree char *path = g_build_filename (folder, dirs[i], NULL);

      if (!bh_paths_ensure (path, error))
        return FALSE;
    }
  return write_text (folder, "status", "", error) && write_text (folder, "apt.conf", config, error)
         && write_text (folder, "options", sources->options, error)
         && write_text (folder, "etc/sources.list", sources->list, error);
}
