/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Programs that work on home disks: their key, what they say when they fail, and that they are asked again when all that
 * went wrong is their clock. */
#include "bh-error.h"
#include "bh-home-tool.h"

#include <glib/gstdio.h>

static char *folder;

/* @script has the key as descriptor 3, and a line more in the file "turns" each time. */
static gboolean
run (const char *script, guint *turns, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *count = g_build_filename (folder, "turns", NULL);
  g_autofree char *counted = g_strdup_printf ("echo >> '%s'; turn=$(wc -l < '%s'); %s", count, count, script);
  g_autofree char *lines = NULL;
  gboolean good;

  bh_home_tool_add (argv, "/bin/sh", "-c", counted, NULL);
  good = bh_home_tool_run_with_key (argv, "secret", "It cannot be done", NULL, error);
  *turns = 0;
  if (g_file_get_contents (count, &lines, NULL, NULL))
    for (const char *p = lines; *p; p++)
      *turns += *p == '\n';
  g_unlink (count);
  return good;
}

#define CLOCK "echo \"x: Error when deleting file /y: No\nx: Unable to get accurate CPU usage\" >&2; exit 1"

static void
test_asked_again (void)
{
  g_autoptr (GError) error = NULL;
  guint turns;

  g_assert_true (run ("[ $(cat /dev/fd/3) = secret ] || exit 2; [ $turn = 3 ] || { " CLOCK "; }", &turns, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (turns, ==, 3);

  g_assert_false (run (CLOCK, &turns, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "It cannot be done: x: Unable to get accurate CPU usage");
  g_assert_cmpuint (turns, ==, 5);
}

static void
test_failed_once (void)
{
  g_autoptr (GError) error = NULL;
  guint turns;

  g_assert_false (run ("echo 'No space left on device' >&2; exit 1", &turns, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_DISK_FULL);
  g_assert_cmpuint (turns, ==, 1);
  g_clear_error (&error);
  g_assert_false (run ("kill -9 $$", &turns, &error));
  g_assert_cmpstr (error->message, ==, "It cannot be done: it ended without a word");
  g_assert_cmpuint (turns, ==, 1);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("bh-home-tool-XXXXXX", NULL);
  g_test_add_func ("/home-tool/asked-again", test_asked_again);
  g_test_add_func ("/home-tool/failed-once", test_failed_once);
  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
