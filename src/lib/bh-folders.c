/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Folders of this computer that an AppVM has. */
#include "config.h"

#include "bh-folders.h"

#include "bh-error.h"
#include "bh-paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define GUEST_HOME "/home/user/"
#define MAX_PATH 1024
#define refuse(error, text, ...)                                                                   \
  bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "folder", text, __VA_ARGS__)

void
bh_folder_free (BhFolder *folder)
{
  g_free (folder->host);
  g_free (folder->guest);
  g_free (folder);
}

static gboolean
is_plain (const char *text)
{
  for (const char *p = text; *p; p++)
    if (g_ascii_iscntrl (*p) || strchr (":;", *p))
      return FALSE;
  return g_utf8_validate (text, -1, NULL) && strlen (text) < MAX_PATH;
}

static gboolean
take_options (BhFolder *folder, const char *options, GError **error)
{
  g_auto (GStrv) words = g_strsplit (options, ",", -1);

  for (char **p = words; *p; p++)
    if (g_str_equal (*p, "rw"))
      folder->writable = TRUE;
    else if (g_str_equal (*p, "unsafe"))
      folder->unsafe = TRUE;
    else if (!g_str_equal (*p, "ro") && **p)
      return refuse (error, folder->host, "cannot be “%s”: it takes ro, rw and unsafe", *p);
  return TRUE;
}

static gboolean
take_host (BhFolder *folder, const char *text, GError **error)
{
  g_autofree char *expanded = NULL;

  if (g_str_has_prefix (text, "~/") || g_str_equal (text, "~"))
    expanded = g_strconcat (g_get_home_dir (), text + 1, NULL);
  else
    expanded = g_strdup (text);
  if (!g_path_is_absolute (expanded))
    return refuse (error, text, "is not given from the root: write it with “/” or “~/” first");
  folder->host = g_canonicalize_filename (expanded, "/");
  if (!is_plain (folder->host))
    return refuse (error, text,
                   "has a name with “:”, “;” or a control character in it. Rename it first");
  return TRUE;
}

static gboolean
take_guest (BhFolder *folder, const char *text, GError **error)
{
  static const char *const roots[] = { GUEST_HOME, "/media/", "/mnt/", "/srv/", NULL };
  g_autofree char *name = *text ? g_strdup (text) : g_path_get_basename (folder->host);
  g_autofree char *whole = g_canonicalize_filename (name, GUEST_HOME);
  gboolean good = FALSE;

  for (guint i = 0; roots[i]; i++)
    good = good || (g_str_has_prefix (whole, roots[i]) && whole[strlen (roots[i])] != '\0');
  if (!good || !is_plain (whole))
    return refuse (error, folder->host,
                   "cannot be at “%s” in the AppVM: it can be in the home folder there, or under "
                   "/media, /mnt or /srv",
                   *text ? text : whole);
  folder->guest =
      g_strdup (g_str_has_prefix (whole, GUEST_HOME) ? whole + strlen (GUEST_HOME) : whole);
  return TRUE;
}

BhFolder *
bh_folder_parse (const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  g_autoptr (BhFolder) folder = g_new0 (BhFolder, 1);
  guint n = g_strv_length (parts);

  for (char **p = parts; *p; p++)
    g_strstrip (*p);
  if (n < 1 || n > 3)
    refuse (error, text, "is not written as HOST:GUEST:rw");
  else if (take_host (folder, parts[0], error) && take_guest (folder, n > 1 ? parts[1] : "", error)
           && take_options (folder, n > 2 ? parts[2] : "", error))
    return g_steal_pointer (&folder);
  return NULL;
}

char *
bh_folder_to_text (const BhFolder *folder)
{
  return g_strdup_printf ("%s:%s:%s%s", folder->host, folder->guest, folder->writable ? "rw" : "ro",
                          folder->unsafe ? ",unsafe" : "");
}

GPtrArray *
bh_folders_parse (const char *list, guint max, GError **error)
{
  g_auto (GStrv) items = g_strsplit (list, ";", -1);
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_folder_free);

  for (char **p = items; *p; p++)
    {
      BhFolder *folder;

      if (*g_strstrip (*p) == '\0')
        continue;
      if (!(folder = bh_folder_parse (*p, error)))
        return NULL;
      g_ptr_array_add (out, folder);
      for (guint i = 0; i + 1 < out->len; i++)
        if (g_str_equal (((BhFolder *) out->pdata[i])->guest, folder->guest))
          {
            refuse (error, folder->host, "cannot be at “%s” in the AppVM: another one is there",
                    folder->guest);
            return NULL;
          }
    }
  if (out->len <= max)
    return g_steal_pointer (&out);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "An AppVM can have %u folders of this computer, not %u", max, out->len);
  return NULL;
}

/* Whether @path is @dir or in it. */
static gboolean
is_within (const char *path, const char *dir)
{
  gsize n = strlen (dir);

  if (g_str_equal (dir, "/"))
    return TRUE;
  return strncmp (path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static gboolean
is_system (const char *path)
{
  static const char *const trees[] = { "/bin",   "/boot",  "/dev",    "/etc",        "/lib",
                                       "/lib32", "/lib64", "/libx32", "/lost+found", "/opt",
                                       "/proc",  "/root",  "/sbin",   "/sys",        "/usr",
                                       "/var",   NULL };
  static const char *const whole[] = { "/",          "/home", "/media", "/mnt",
                                       "/run/media", "/srv",  "/tmp",   NULL };

  if (is_within (path, "/run") && !is_within (path, "/run/media"))
    return TRUE;
  for (guint i = 0; trees[i]; i++)
    if (is_within (path, trees[i]) && !is_within (path, g_get_home_dir ()))
      return TRUE;
  return g_strv_contains (whole, path);
}

/* @path: has no link in it */
static gboolean
is_ours (const char *path)
{
  const char *const roots[] = { g_get_user_config_dir (), g_get_user_data_dir (),
                                g_get_user_cache_dir (), g_get_user_state_dir (),
                                g_get_user_runtime_dir () };

  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    {
      g_autofree char *plain = g_build_filename (roots[i], "bulkhead", NULL);
      char *real = realpath (plain, NULL);
      gboolean ours = is_within (path, plain) || is_within (plain, path)
                      || (real && (is_within (path, real) || is_within (real, path)));

      free (real);
      if (ours)
        return TRUE;
    }
  return FALSE;
}

gboolean
bh_folder_is_ours (const char *path)
{
  char *real = realpath (path, NULL);
  gboolean ours = real && is_ours (real);

  free (real);
  return ours;
}

static gboolean
check_place (const char *path, GError **error)
{
  char *home = realpath (g_get_home_dir (), NULL);
  gboolean is_home = home && is_within (home, path);

  free (home);
#define OVERRIDE " If it must be, add “unsafe” to its options"
  if (is_within (g_get_home_dir (), path) || is_home)
    return refuse (error, path,
                   "holds your whole home: passwords, keys and settings of all programs. Choose a "
                   "folder in it." OVERRIDE);
  if (is_ours (path))
    return refuse (error, path,
                   "holds what Bulkhead keeps, other AppVMs among it: an AppVM that reaches it is "
                   "apart from nothing any more." OVERRIDE);
  if (is_system (path))
    return refuse (
        error, path,
        "belongs to the system, and what it holds is not for one program alone. Choose a "
        "folder of yours." OVERRIDE);
  if (strstr (path, "/."))
    return refuse (error, path,
                   "is hidden, or in a folder that is: programs keep passwords and what they start "
                   "with in such places." OVERRIDE);
#undef OVERRIDE
  return TRUE;
}

gboolean
bh_folder_check (const BhFolder *folder, GError **error)
{
  struct stat st;
  char *real = realpath (folder->host, NULL);
  g_autofree char *canonical = g_strdup (real);

  free (real);
  if (!canonical || stat (canonical, &st) != 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "The folder “%s” cannot be shared: %s",
                   folder->host, g_strerror (errno));
      return FALSE;
    }
  if (!S_ISDIR (st.st_mode))
    return refuse (error, folder->host, "is a file. Share the folder that it is in");
  /* A link could lead elsewhere tomorrow, and an AppVM with a writable folder can make some. */
  if (!g_str_equal (canonical, folder->host) && !folder->unsafe)
    return refuse (error, folder->host, "is reached through a link. Share “%s”", canonical);
  return folder->unsafe || check_place (canonical, error);
}
