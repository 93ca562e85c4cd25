/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Folders of this computer: how they are written, and which are refused. */
#include "bh-error.h"
#include "bh-folders.h"

#include <glib/gstdio.h>
#include <string.h>

static char *root; /* of everything here; the home is in it */

static char *
make (const char *path)
{
  char *whole = g_build_filename (root, path, NULL);

  g_assert_cmpint (g_mkdir_with_parents (whole, 0700), ==, 0);
  return whole;
}

static void
assert_written (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BhFolder) folder = bh_folder_parse (text, &error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  again = bh_folder_to_text (folder);
  g_assert_cmpstr (again, ==, expected);
}

static void
test_one_form (void)
{
  g_autofree char *tilde = g_strconcat (g_get_home_dir (), "/Music:Music:ro", NULL);

  assert_written ("/data/Music", "/data/Music:Music:ro");
  assert_written (" /data/x/../Music/ : Sound/Music : rw ", "/data/Music:Sound/Music:rw");
  assert_written ("/data/Music:/home/user/a", "/data/Music:a:ro");
  assert_written ("/data/Music:/mnt/music:ro,unsafe", "/data/Music:/mnt/music:ro,unsafe");
  assert_written ("/data/Music::rw", "/data/Music:Music:rw");
  assert_written ("~/Music", tilde);
}

static void
test_not_understood (void)
{
  static const char *const bad[] = { "",         "Music",          "/a:b:rw:c", "/a:b:readwrite",
                                     "/a:..",    "/a:../other",    "/a:/",      "/a:/usr/bin",
                                     "/a:/mnt",  "/a:/mnt/../etc", "/",         "/a\nb",
                                     "/a:b\001", "/a\377" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      BhFolder *folder = bh_folder_parse (bad[i], &error);

      if (folder)
        g_error ("“%s” was taken", bad[i]);
      g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static void
test_lists (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) two = bh_folders_parse ("/a:x; ;/b:y:rw;", 2, &error);
  GPtrArray *none;

  g_assert_no_error (error);
  g_assert_cmpuint (two->len, ==, 2);
  none = bh_folders_parse ("/a:x;/b:x", 2, &error);
  g_assert_null (none);
  g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  none = bh_folders_parse ("/a:x;/b:y;/c:z", 2, &error);
  g_assert_null (none);
  g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
}

/* @why: a word of the reason; NULL: it is allowed. */
static void
assert_checked (const char *path, const char *options, const char *why)
{
  g_autofree char *text = g_strconcat (path, ":here:", options, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (BhFolder) folder = bh_folder_parse (text, &error);
  gboolean ok;

  g_assert_no_error (error);
  ok = bh_folder_check (folder, &error);
  if (!why)
    {
      g_assert_no_error (error);
      g_assert_true (ok);
      return;
    }
  if (ok)
    g_error ("%s was allowed", path);
  if (!strstr (error->message, why))
    g_error ("%s: %s", path, error->message);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *path, *why;
  } cases[] = {
    { "/", "whole home" },    { "/etc", "system" },        { "/usr/share", "system" },
    { "/proc/self", "link" }, { "/dev", "system" },        { "/var/lib", "system" },
    { "/boot", "system" },    { "/sys/kernel", "system" },
  };
  static const struct
  {
    const char *path, *why;
  } own[] = {
    { "home", "whole home" },
    { "home/Music", NULL },
    { "home/Music/Jazz", NULL },
    { "home/.ssh", "hidden" },
    { "home/Music/.cache", "hidden" },
    { "home/.config/bulkhead/vms", "Bulkhead keeps" },
    { "home/.local/share/bulkhead/homes", "Bulkhead keeps" },
    { "data", "Bulkhead keeps" },
    { "data/bulkhead/homes", "Bulkhead keeps" },
    { "elsewhere", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (g_file_test (cases[i].path, G_FILE_TEST_IS_DIR))
      assert_checked (cases[i].path, "ro", cases[i].why);
  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    {
      g_autofree char *path = make (own[i].path);

      if (!g_str_has_prefix (own[i].path, "home/.local")) /* not where it keeps data in this test */
        assert_checked (path, "ro", own[i].why);
      assert_checked (path, "rw,unsafe", NULL);
    }
}

static void
test_not_folders (void)
{
  g_autofree char *folder = make ("elsewhere");
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  g_autofree char *link = g_build_filename (folder, "link", NULL);
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  assert_checked (file, "ro", "is a file");
  assert_checked (file, "ro,unsafe", "is a file");
  assert_checked (missing, "ro,unsafe", "No such file");
  g_assert_cmpint (symlink (g_get_home_dir (), link), ==, 0);
  assert_checked (link, "ro", "link");
  g_unlink (link);
  g_unlink (file);
}

int
main (int argc, char **argv)
{
  g_autofree char *home = NULL, *data = NULL;
  char template[] = "/tmp/bh-folders-XXXXXX";
  g_autofree char *clean = NULL;
  int code;

  root = g_mkdtemp (template);
  g_assert_nonnull (root);
  home = g_build_filename (root, "home", NULL);
  data = g_build_filename (root, "data", NULL);
  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_DATA_HOME", data, TRUE);
  g_unsetenv ("XDG_CONFIG_HOME");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/folders/one-form", test_one_form);
  g_test_add_func ("/folders/not-understood", test_not_understood);
  g_test_add_func ("/folders/lists", test_lists);
  g_test_add_func ("/folders/refused", test_refused);
  g_test_add_func ("/folders/not-folders", test_not_folders);
  code = g_test_run ();
  clean = g_strconcat ("rm -rf ", root, NULL);
  g_spawn_command_line_sync (clean, NULL, NULL, NULL, NULL);
  return code;
}
