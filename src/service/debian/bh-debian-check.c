/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether Debian has newer packages than a template was built of.
 *
 * A build holds dpkg's list of what is installed in it. apt is given that list as if it were this
 * computer's, and says what it would bring up to date. So no comparing of versions is ours, and what is
 * found is what building anew would bring. */
#include "config.h"

#include "bh-debian-check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "bh-debian-apt.h"
#include "bh-error.h"
#include "bh-log.h"

#define STATUS "var/lib/dpkg/status" /* in the image */
#define FILE_NAME "updates"
#define GROUP "Updates"
#define MAX_PACKAGES 5000

typedef struct
{
  BhDebianWork base;
  char *build;  /* folder of the build that is looked at */
  char *status; /* dpkg's list of it */
  GPtrArray *packages;
  guint security;
} Check;

/* "Inst foot [1.0-1] (1.0-2 Debian-Security:13/stable-security [amd64])"; without "[…]" it would be new. */
static void
look_at (gpointer owner, const char *line)
{
  Check *check = owner;
  g_auto (GStrv) words = NULL;
  gsize old_length;

  if (!g_str_has_prefix (line, "Inst ") || check->packages->len >= MAX_PACKAGES)
    return;
  words = g_strsplit (line, " ", 5);
  if (g_strv_length (words) < 5 || words[2][0] != '[' || words[3][0] != '(')
    return;
  old_length = strcspn (words[2] + 1, "]");
  g_ptr_array_add (check->packages, g_strdup_printf ("%s %.*s %s", words[1], (int) old_length,
                                                     words[2] + 1, words[3] + 1));
  if (strstr (words[4], "-Security:") || strstr (words[4], "-security"))
    check->security++;
}

static gboolean
read_status (Check *check, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autofree char *image = g_build_filename (check->build, "image", NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) failed = NULL;
  GStatBuf st;

  g_subprocess_launcher_set_stdout_file_path (launcher, check->status);
  process = g_subprocess_launcher_spawn (launcher, error, "unsquashfs", "-no-progress", "-cat",
                                         image, STATUS, NULL);
  if (!process)
    return FALSE;
  if (g_subprocess_wait_check (process, check->base.cancellable, &failed)
      && g_stat (check->status, &st) == 0 && st.st_size > 0)
    return TRUE;
  bh_debian_work_end (process);
  if (!bh_debian_work_is_cancelled (&check->base, error))
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                 "What is installed in %s cannot be read (%s). Build the template again.", image,
                 failed ? failed->message : "there is no list");
  return FALSE;
}

static gboolean
keep (Check *check, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = g_build_filename (check->build, FILE_NAME, NULL);

  g_key_file_set_int64 (file, GROUP, "Checked", g_get_real_time () / G_USEC_PER_SEC);
  g_key_file_set_uint64 (file, GROUP, "Security", check->security);
  g_key_file_set_string_list (file, GROUP, "Packages", (const char *const *) check->packages->pdata,
                              check->packages->len);
  return g_key_file_save_to_file (file, path, error);
}

static gboolean
check_all (Check *check, GError **error)
{
  static const char *const update[] = { "apt-get", "-q", "update", NULL };
  g_autofree char *option = g_strconcat ("Dir::State::status=", check->status, NULL);
  const char *const compare[] = { "apt-get", "-q", "-s", "-o", option, "dist-upgrade", NULL };

  bh_debian_work_tell (&check->base, 5, "Asking the Debian archive what there is");
  if (!bh_debian_apt_prepare (check->base.cache, check->base.sources, "", error)
      || !bh_debian_work_run_apt (&check->base, update, error))
    return FALSE;
  bh_debian_work_tell (&check->base, 70, "Comparing it with what is installed");
  if (!read_status (check, error))
    return FALSE;
  check->base.on_line = look_at;
  return bh_debian_work_run_apt (&check->base, compare, error) && keep (check, error);
}

gboolean
bh_debian_check (const BhDebianSet *set, gboolean wait, BhDebianProgress progress, gpointer data,
                 GCancellable *cancellable, GError **error)
{
  Check check = {
    .base = { .set = set, .progress = progress, .data = data, .cancellable = cancellable }
  };
  g_autoptr (GError) failed = NULL;
  gboolean good = FALSE;
  int locked = -1;

  check.base.owner = &check;
  check.packages = g_ptr_array_new_with_free_func (g_free);
  if (bh_debian_work_begin (&check.base, error))
    locked = bh_debian_work_lock (&check.base, wait, error);
  if (locked >= 0)
    {
      /* Now: while it waited there may have come another. */
      check.build = bh_debian_find (set, &failed);
      check.status = g_build_filename (check.base.cache, "status.build", NULL);
      good = check.build && check_all (&check, &failed);
      g_unlink (check.status);
      close (locked);
      if (!good)
        {
          bh_log_line (BH_DEBIAN_LOG, "not checked: %s", failed->message);
          g_set_error_literal (error, BH_ERROR,
                               failed->domain == BH_ERROR ? failed->code : BH_ERROR_FAILED,
                               failed->message);
        }
    }
  bh_debian_work_clear (&check.base);
  g_ptr_array_unref (check.packages);
  g_free (check.build);
  g_free (check.status);
  return good;
}

BhDebianUpdates *
bh_debian_updates_read (const char *key)
{
  BhDebianUpdates *updates = g_new0 (BhDebianUpdates, 1);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *dir = bh_debian_dir (key);
  g_autofree char *number = g_strdup_printf ("%u", bh_debian_current (key));
  g_autofree char *path = g_build_filename (dir, number, FILE_NAME, NULL);

  updates->checked = bh_debian_made (key);
  if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    {
      updates->packages = g_key_file_get_string_list (file, GROUP, "Packages", NULL, NULL);
      updates->security = (guint) g_key_file_get_uint64 (file, GROUP, "Security", NULL);
      updates->checked =
          MAX (updates->checked, g_key_file_get_int64 (file, GROUP, "Checked", NULL));
    }
  if (!updates->packages)
    updates->packages = g_new0 (char *, 1);
  updates->security = MIN (updates->security, g_strv_length (updates->packages));
  return updates;
}

void
bh_debian_updates_free (BhDebianUpdates *updates)
{
  g_strfreev (updates->packages);
  g_free (updates);
}
