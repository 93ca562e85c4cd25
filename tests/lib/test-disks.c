/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Additional disks and homes: how they are written, which are refused, and what they let a program reach. */
#include "bh-disks.h"
#include "bh-error.h"
#include "bh-keys.h"
#include "bh-reach.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
assert_written (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) disks = bh_disks_parse (text, &error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (disks->len, ==, 1);
  again = bh_disk_to_text (disks->pdata[0]);
  g_assert_cmpstr (again, ==, expected);
  g_assert_true (bh_disk_is_one (again));
}

static void
test_one_form (void)
{
  assert_written ("/data/a.img", "/data/a.img:ro,id=a.img");
  assert_written (" /data/a b, c.img : rw , id=x ", "/data/a b, c.img:rw,id=x");
  assert_written ("/dev/sdz:raw,ro,cache=none,block=4096", "/dev/sdz:ro,id=sdz,block=4096,cache=none");
  assert_written ("/data/\303\244\303\266:qcow2", "/data/\303\244\303\266:ro,qcow2,id=disk");
  assert_written ("/data/bulkhead-home", "/data/bulkhead-home:ro,id=disk");
}

static void
test_not_understood (void)
{
  static const char *const bad[] = {
    "a.img",           "/a/../b",          "/a:rx",          "/a:id=",        "/a:id=a/b",
    "/a:block=1000",   "/a:cache=fast",    "/a:id=a,id=b",   "/a:b:c",        "/a\nb",
    "/a\377",          "/a:id=012345678901234567890",        "/a:id=bulkhead-home",
    "/a;/a:rw",        "/1;/2;/3;/4;/5",   "/a:id=-x",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      GPtrArray *disks = bh_disks_parse (bad[i], &error);

      if (disks)
        g_error ("“%s” was taken", bad[i]);
      g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_opened_or_refused (void)
{
  g_autofree char *ours = g_build_filename (g_get_user_data_dir (), "bulkhead", "homes", NULL);
  g_autofree char *theirs = g_build_filename (ours, "other.qcow2", NULL);
  g_autofree char *link = g_build_filename (g_get_home_dir (), "link.img", NULL);
  g_autofree char *good = g_build_filename (g_get_home_dir (), "good.img", NULL);
  g_autofree char *content = g_strnfill (1024, 'x');
  const struct
  {
    const char *path;
    BhError code;
  } bad[] = { { theirs, BH_ERROR_INVALID_ARGUMENT },
              { link, BH_ERROR_INVALID_ARGUMENT },
              { "/dev/null", BH_ERROR_INVALID_ARGUMENT },
              { "/tmp", BH_ERROR_INVALID_ARGUMENT },
              { "/nonexistent/disk", BH_ERROR_NOT_FOUND } };
  BhDisk disk = { 0 };
  int fd;

  g_assert_cmpint (g_mkdir_with_parents (ours, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (g_get_home_dir (), 0700), ==, 0);
  g_assert_true (g_file_set_contents (theirs, "a", 1, NULL));
  g_assert_cmpint (symlink (theirs, link), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      disk.path = (char *) bad[i].path;
      fd = bh_disk_open (&disk, &error);
      g_assert_cmpint (fd, ==, -1);
      g_assert_error (error, BH_ERROR, (int) bad[i].code);
    }
  g_assert_true (g_file_set_contents (good, content, 1024, NULL));
  disk.path = good;
  fd = bh_disk_open (&disk, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, "y", 1), ==, -1);
  close (fd);
  disk.writable = TRUE;
  fd = bh_disk_open (&disk, NULL);
  g_assert_cmpint (write (fd, "y", 1), ==, 1);
  close (fd);
}

static void
test_home_values (void)
{
  static const char *const good[] = { "none", "disk", "/data/my home" };
  static const char *const bad[] = { "", "Disk", "relative", "/a/../b", "/a:b", "/a;b", "/a\nb" };
  const BhKey *key = bh_keys_find ("Home");

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *value = bh_key_normalize (key, good[i], NULL);

      g_assert_cmpstr (value, ==, good[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (bh_key_normalize (key, bad[i], NULL));
}

static void
assert_reach (const char *key, const char *value, const char *says)
{
  g_autoptr (GVariant) settings = g_variant_ref_sink (g_variant_new_parsed ("{%s: %s}", key, value));
  g_autofree char *text = bh_reach_describe (settings);

  g_assert_nonnull (strstr (text, says));
}

static void
test_reach (void)
{
  assert_reach ("Home", "disk", "there at the next start");
  assert_reach ("Home", "disk", "It could not reach the network, your files");
  assert_reach ("Home", "/data/mine", "read and change your folder “mine”, which is its home");
  assert_reach ("Disks", "/data/a.img", "read the disk “/data/a.img”");
  assert_reach ("Disks", "/data/a.img:rw", "read and change the disk “/data/a.img”");
}

int
main (int argc, char **argv)
{
  char template[] = "/tmp/bh-disks-XXXXXX";
  g_autofree char *home = NULL, *data = NULL, *clean = NULL;
  int code;

  g_assert_nonnull (g_mkdtemp (template));
  home = g_build_filename (template, "home", NULL);
  data = g_build_filename (template, "data", NULL);
  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_DATA_HOME", data, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/disks/one-form", test_one_form);
  g_test_add_func ("/disks/not-understood", test_not_understood);
  g_test_add_func ("/disks/opened-or-refused", test_opened_or_refused);
  g_test_add_func ("/disks/home-values", test_home_values);
  g_test_add_func ("/disks/reach", test_reach);
  code = g_test_run ();
  clean = g_strconcat ("rm -rf ", template, NULL);
  g_spawn_command_line_sync (clean, NULL, NULL, NULL, NULL);
  return code;
}
