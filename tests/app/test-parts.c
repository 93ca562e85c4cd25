/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of `bulkhead` that need neither a display nor the service. */
#include "config.h"

#include "bh-drop.h"
#include "bh-error.h"
#include "bh-job.h"
#include "bh-problem-row.h"
#include "bh-program.h"
#include "bh-trouble.h"

#include <glib/gstdio.h>
#include <gtk/gtk.h>

static BhProgram *
program (const char *id, const char *name, const char *summary, gboolean usable, const char *reason)
{
  g_autoptr (GVariant) description = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (id)
    g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "summary", "s", summary);
  g_variant_dict_insert (&dict, "keywords", "^as", (const char *[]){ "Maths", NULL });
  g_variant_dict_insert (&dict, "usable", "b", usable);
  g_variant_dict_insert (&dict, "reason", "s", reason);
  description = g_variant_ref_sink (g_variant_dict_end (&dict));
  return bh_program_new (description);
}

static BhProgram *
program_with_icon (const char *icon)
{
  g_autoptr (GVariant) description = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", "a.desktop");
  g_variant_dict_insert (&dict, "icon", "s", icon);
  description = g_variant_ref_sink (g_variant_dict_end (&dict));
  return bh_program_new (description);
}

static void
test_program_text_is_cleaned (void)
{
  g_autofree char *endless = g_strnfill (10000, 'x');
  g_autoptr (BhProgram) one = program ("a.desktop", "a\u202eb\nc", "", TRUE, "");
  g_autoptr (BhProgram) two = program ("b.desktop", endless, "", TRUE, "");
  g_autoptr (BhProgram) unnamed = program ("c.desktop", " \u200b ", "", TRUE, "");

  g_assert_cmpstr (bh_program_get_name (one), ==, "ab c");
  g_assert_cmpint (g_utf8_strlen (bh_program_get_name (two), -1), <=, 80);
  g_assert_cmpstr (bh_program_get_name (unnamed), ==, "c.desktop");
  g_assert_null (program (NULL, "no id", "", TRUE, ""));
  g_assert_null (program ("", "no id", "", TRUE, ""));
}

static void
test_program_says_why_not (void)
{
  g_autoptr (BhProgram) good = program ("a.desktop", "A", "", TRUE, "ignored");
  g_autoptr (BhProgram) bad = program ("b.desktop", "B", "", FALSE, "It is a snap.");
  g_autoptr (BhProgram) silent = program ("c.desktop", "C", "", FALSE, "");
  g_autoptr (BhProgram) missing = bh_program_new_missing ("org.example.Old-Thing.desktop");

  g_assert_null (bh_program_get_reason (good));
  g_assert_cmpstr (bh_program_get_reason (bad), ==, "It is a snap.");
  g_assert_nonnull (bh_program_get_reason (silent));
  g_assert_cmpstr (bh_program_get_name (missing), ==, "Old-Thing");
  g_assert_nonnull (bh_program_get_reason (missing));
  g_assert_nonnull (bh_program_get_icon (missing));
}

static void
test_program_search (void)
{
  g_autoptr (BhProgram) calculator =
      program ("org.gnome.Calculator.desktop", "Calculator", "Écrire des sommes", TRUE, "");

  g_assert_true (bh_program_matches (calculator, (const char *[]){ "calc", NULL }));
  g_assert_true (bh_program_matches (calculator, (const char *[]){ "sommes", "calc", NULL }));
  g_assert_true (bh_program_matches (calculator, (const char *[]){ "maths", NULL }));
  g_assert_true (bh_program_matches (calculator, (const char *[]){ "", NULL }));
  g_assert_false (bh_program_matches (calculator, (const char *[]){ "calc", "editor", NULL }));
}

static void
test_command_is_a_program (void)
{
  g_autoptr (BhProgram) good = bh_program_new_command ("command:Top=htop -d 5");
  g_autoptr (BhProgram) bad = bh_program_new_command ("command:\u202eTop='htop");

  g_assert_cmpstr (bh_program_get_name (good), ==, "Top");
  g_assert_cmpstr (bh_program_get_summary (good), ==, "htop -d 5");
  g_assert_null (bh_program_get_reason (good));
  g_assert_nonnull (bh_program_get_reason (bad));
  g_assert_null (strstr (bh_program_get_name (bad), "\u202e"));
}

/* A picture that a desktop file names is looked at before it is loaded. */
static void
test_odd_icons_are_not_loaded (void)
{
  g_autofree char *dir = g_dir_make_tmp ("bh-icons-XXXXXX", NULL);
  g_autofree char *broken = g_build_filename (dir, "broken.png", NULL);
  g_autofree char *huge = g_build_filename (dir, "huge.svg", NULL);
  g_autofree char *fine = g_build_filename (dir, "fine.svg", NULL);
  const char *const paths[] = { broken, huge, dir, "/dev/zero", "/no/such/file.png" };

  g_assert_true (g_file_set_contents (broken, "\x89PNG\r\n\x1a\n but no more", -1, NULL));
  g_assert_true (g_file_set_contents (
      huge, "<svg xmlns='http://www.w3.org/2000/svg' width='90000' height='90000'/>", -1, NULL));
  g_assert_true (g_file_set_contents (
      fine, "<svg xmlns='http://www.w3.org/2000/svg' width='48' height='48'/>", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (BhProgram) one = program_with_icon (paths[i]);

      g_assert_true (G_IS_THEMED_ICON (bh_program_get_icon (one)));
    }
  {
    g_autoptr (BhProgram) one = program_with_icon (fine);

    g_assert_true (G_IS_FILE_ICON (bh_program_get_icon (one)));
  }
  g_unlink (broken);
  g_unlink (huge);
  g_unlink (fine);
  g_rmdir (dir);
}

static void
test_problem_is_taken_apart (void)
{
  g_autofree char *key = NULL, *none = NULL;
  guint line = 0;
  g_autofree char *what = bh_problem_parse ("bad.vm:3: Memory: cannot be: “lots”", &key, &line);
  g_autofree char *odd = bh_problem_parse ("no form\u202e at all", &none, &line);

  g_assert_cmpstr (what, ==, "Memory: cannot be: “lots”");
  g_assert_cmpstr (key, ==, "Memory");
  g_assert_cmpstr (odd, ==, "no form at all");
  g_assert_null (none);
  g_assert_cmpuint (line, ==, 0);
  g_free (bh_problem_parse ("x.vm:7: Teleport: no such key", &none, &line));
  g_assert_null (none);
  g_assert_cmpuint (line, ==, 7);
}

/* What is dropped says which program is meant, and no more. */
static void
test_drop_takes_only_programs (void)
{
  g_autoptr (BhProgramList) programs = bh_program_list_new ();
  const char *const paths[] = { "/tmp/evil.sh", "/etc/passwd", "/tmp/a b.desktop",
                                "/x/not-installed.desktop" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GFile) file = g_file_new_for_path (paths[i]);
      GSList list = { file, NULL };
      g_autoptr (GError) refused = NULL;
      g_auto (GStrv) ids = bh_drop_sort (&list, programs, &refused);

      g_assert_null (ids[0]);
      g_assert_nonnull (refused);
      g_assert_true (refused->domain == BH_ERROR);
    }
}

static void
test_program_order (void)
{
  g_autoptr (BhProgram) a = program ("1.desktop", "alpha", "", TRUE, "");
  g_autoptr (BhProgram) b = program ("2.desktop", "Beta", "", TRUE, "");
  g_autoptr (BhProgram) bad = program ("3.desktop", "Aardvark", "", FALSE, "no");

  g_assert_cmpint (bh_program_compare (a, b), <, 0);
  g_assert_cmpint (bh_program_compare (b, a), >, 0);
  g_assert_cmpint (bh_program_compare (b, bad), <, 0);
}

static void
on_finished (BhJob *job, const GError *error, GError **out)
{
  g_assert_null (*out);
  *out = error ? g_error_copy (error) : g_error_new (BH_ERROR, BH_ERROR_FAILED, "none");
}

static void
test_job_ends_once (void)
{
  g_autoptr (BhJob) job = bh_job_new (BH_JOB_LAUNCH, "foot.desktop", "Foot");
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) late = g_error_new (BH_ERROR, BH_ERROR_BUSY, "late");

  g_signal_connect (job, "finished", G_CALLBACK (on_finished), &error);
  g_assert_false (bh_job_is_finished (job));
  bh_job_cancel (job);
  g_assert_true (bh_job_is_finished (job));
  g_assert_error (error, BH_ERROR, BH_ERROR_CANCELLED);
  bh_job_cancel (job);
  bh_job_fail (job, late);
}

/* Each error has words of its own; nothing falls through to "something went wrong" but Failed. */
static void
test_every_error_is_described (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (int code = 0; code < BH_N_ERRORS; code++)
    {
      g_autoptr (GError) error = g_error_new (BH_ERROR, code, "message");
      const char *heading, *meaning;

      if (code == BH_ERROR_CANCELLED)
        continue;
      bh_trouble_describe (error, &heading, &meaning);
      g_assert_true (g_hash_table_add (seen, (gpointer) heading));
      g_assert_nonnull (meaning);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/app/program/text-is-cleaned", test_program_text_is_cleaned);
  g_test_add_func ("/app/program/says-why-not", test_program_says_why_not);
  g_test_add_func ("/app/program/search", test_program_search);
  g_test_add_func ("/app/program/command", test_command_is_a_program);
  g_test_add_func ("/app/program/odd-icons-are-not-loaded", test_odd_icons_are_not_loaded);
  g_test_add_func ("/app/problem/is-taken-apart", test_problem_is_taken_apart);
  g_test_add_func ("/app/drop/takes-only-programs", test_drop_takes_only_programs);
  g_test_add_func ("/app/program/order", test_program_order);
  g_test_add_func ("/app/job/ends-once", test_job_ends_once);
  g_test_add_func ("/app/trouble/every-error-is-described", test_every_error_is_described);
  return g_test_run ();
}
