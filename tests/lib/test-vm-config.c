/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AppVM files: mistakes are named with their line, nothing unknown is lost, saving is all or nothing. */
#include "bh-error.h"
#include "bh-vm-config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static BhVmConfig *
parse (const char *text)
{
  return bh_vm_config_parse ("/x/bank.vm", "bank", text, strlen (text));
}

static void
assert_mistake (const char *text, const char *expected)
{
  g_autoptr (BhVmConfig) config = parse (text);
  g_autoptr (GError) error = NULL;

  if (bh_vm_config_check (config, &error))
    g_test_message ("not a mistake: %s", text);
  g_assert_error (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE);
  if (!g_str_has_prefix (error->message, expected))
    g_test_message ("expected “%s”, got “%s”", expected, error->message);
  g_assert_true (g_str_has_prefix (error->message, expected));
  g_assert_cmpuint (g_strv_length ((char **) bh_vm_config_get_problems (config)), >=, 1);
}

static void
test_mistakes_have_lines (void)
{
  assert_mistake ("[AppVM]\nName=Bank\n\n# memory\nMemory=lots\n", "/x/bank.vm:5: Memory: ");
  assert_mistake ("[AppVM]\nName=Bank\nMemory=100\n",
                  "/x/bank.vm:3: Memory: Memory cannot be “100”");
  assert_mistake ("[AppVM]\nName=Bank\nnonsense\n", "/x/bank.vm:3: nonsense: ");
  assert_mistake ("Name=Bank\n", "/x/bank.vm:1: Name=Bank: ");
  assert_mistake ("[AppVM]\nName=A\nName=B\n", "/x/bank.vm:3: Name: is there twice");
  assert_mistake ("[AppVM]\nMemory=512\n", "/x/bank.vm:0: Name: is missing");
  assert_mistake ("[Other]\nName=A\n", "/x/bank.vm:0: [AppVM]: this group is missing");
  assert_mistake ("", "/x/bank.vm:0: [AppVM]");
  assert_mistake ("[AppVM]\nName=A\nNotes=a\\\n", "/x/bank.vm:3: Notes: Key file contains key");
  assert_mistake ("[AppVM]\nName=A\nNotes=\xff\n", "/x/bank.vm:3: file: not text");
}

static void
test_unknown_keys_are_no_mistake (void)
{
  g_autoptr (BhVmConfig) config = parse ("[AppVM]\nName=Bank\nTeleport=yes\n");
  g_autoptr (GError) error = NULL;
  const char *const *problems = bh_vm_config_get_problems (config);

  g_assert_true (bh_vm_config_check (config, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length ((char **) problems), ==, 1);
  g_assert_true (g_str_has_prefix (problems[0], "bank.vm:3: Teleport: "));
}

static void
test_bad_values_fall_back (void)
{
  g_autoptr (BhVmConfig) config = parse ("[AppVM]\nMemory=1\nProcessors=2\n");

  g_assert_cmpint (bh_vm_config_get_int (config, "Memory"), ==, 768);
  g_assert_cmpint (bh_vm_config_get_int (config, "Processors"), ==, 2);
  g_assert_cmpstr (bh_vm_config_get (config, "Name"), ==, "bank");
}

static GHashTable *
settings (const char *first, ...)
{
  GHashTable *table = g_hash_table_new (g_str_hash, g_str_equal);
  va_list args;

  va_start (args, first);
  for (const char *key = first; key; key = va_arg (args, const char *))
    g_hash_table_insert (table, (gpointer) key, va_arg (args, char *));
  va_end (args);
  return table;
}

static void
test_round_trip_keeps_what_it_does_not_know (void)
{
  g_autofree char *dir = g_dir_make_tmp ("bh-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "sub", "bank.vm", NULL);
  g_autofree char *sub = g_path_get_dirname (path);
  g_autoptr (BhVmConfig) config = parse ("# mine\n[AppVM]\n# why\nName=Bank\nTeleport=a;b\n"
                                         "Memory=512\n\n[Later]\nKey=value\n");
  g_autoptr (GHashTable) change =
      settings ("Memory", "1024", "Notes", "two\nlines", "Processors", "1", NULL);
  g_autoptr (BhVmConfig) next = NULL;
  g_autoptr (BhVmConfig) loaded = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) changed = NULL;
  struct stat st;

  next = bh_vm_config_with (config, change, &changed, &error);
  g_assert_no_error (error);
  g_assert_cmpint (bh_vm_config_get_int (config, "Memory"), ==, 512);
  g_assert_true (bh_vm_config_save (next, path, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (const char *const *p = (const char *const[]){ "# mine", "# why", "Teleport=a;b", "[Later]",
                                                     "Key=value", "Memory=1024", NULL };
       *p; p++)
    g_assert_nonnull (strstr (text, *p));
  loaded = bh_vm_config_load (path, "bank", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (bh_vm_config_get (loaded, "Notes"), ==, "two\nlines");
  /* Processors was 1 by default: written, but not changed. */
  g_assert_cmpuint (g_strv_length (changed), ==, 2);
  g_assert_false (g_strv_contains ((const char *const *) changed, "Processors"));
  g_unlink (path);
  g_rmdir (sub);
  g_rmdir (dir);
}

static void
test_changes_are_all_or_none (void)
{
  g_autoptr (BhVmConfig) config = parse ("[AppVM]\nName=Bank\n");
  g_autoptr (GHashTable) bad = settings ("Memory", "512", "Processors", "99", NULL);
  g_autoptr (GHashTable) unknown = settings ("Teleport", "1", NULL);
  g_autoptr (GHashTable) no_name = settings ("Name", "", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (bh_vm_config_with (config, bad, NULL, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "1 to 16"));
  g_clear_error (&error);
  g_assert_null (bh_vm_config_with (config, unknown, NULL, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (bh_vm_config_with (config, no_name, NULL, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
}

static void
test_empty_goes_back_to_the_default (void)
{
  g_autoptr (BhVmConfig) config =
      parse ("[AppVM]\nName=Bank\nMemory=512\nX11=a.desktop;b.desktop;\n");
  g_autoptr (GHashTable) change = settings ("Memory", "", NULL);
  g_autoptr (BhVmConfig) next = bh_vm_config_with (config, change, NULL, NULL);
  g_auto (GStrv) x11 = bh_vm_config_get_list (next, "X11");

  g_assert_cmpint (bh_vm_config_get_int (next, "Memory"), ==, 768);
  g_assert_cmpuint (g_strv_length (x11), ==, 2);
}

static void
test_mistakes_can_be_repaired (void)
{
  g_autoptr (BhVmConfig) bad_value = parse ("[AppVM]\nName=Bank\nMemory=1\n");
  g_autoptr (BhVmConfig) no_file = parse ("nonsense\n");
  g_autoptr (GHashTable) change = settings ("Memory", "512", NULL);
  g_autoptr (BhVmConfig) good = bh_vm_config_with (bad_value, change, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (bh_vm_config_check (good, NULL));
  /* What is no key file at all is somebody's text: it is not written over. */
  g_assert_null (bh_vm_config_with (no_file, change, NULL, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE);
}

static gboolean
is_taken (const char *id, gpointer data)
{
  return g_strv_contains (data, id);
}

static void
assert_id (const char *name, const char *expected, const char *const *taken)
{
  g_autofree char *id = bh_vm_id_from_name (name, is_taken, (gpointer) taken);

  g_assert_cmpstr (id, ==, expected);
  g_assert_true (bh_vm_id_is_valid (id));
}

static void
test_ids (void)
{
  const char *const none[] = { NULL };
  const char *const some[] = { "work", "work-2", "vm", NULL };

  assert_id ("Bank & taxes", "bank-taxes", none);
  assert_id ("Mum's things", "mums-things", none);
  assert_id ("  -- ", "vm", none);
  assert_id ("銀行", "vm-2", some);
  assert_id ("Work", "work-3", some);
  assert_id ("A very long name that goes on and on, and then some more",
             "a-very-long-name-that-goes", none);
  g_assert_false (bh_vm_id_is_valid (""));
  g_assert_false (bh_vm_id_is_valid ("-a"));
  g_assert_false (bh_vm_id_is_valid ("a-"));
  g_assert_false (bh_vm_id_is_valid ("A"));
  g_assert_false (bh_vm_id_is_valid ("a_b"));
  g_assert_false (bh_vm_id_is_valid ("../a"));
  g_assert_false (bh_vm_id_is_valid ("abcdefghijklmnopqrstuvwxyz0123456"));
}

static void
test_too_large_a_file_is_refused (void)
{
  g_autofree char *dir = g_dir_make_tmp ("bh-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "big.vm", NULL);
  g_autofree char *text = g_strnfill (300 * 1024, '#');
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_null (bh_vm_config_load (path, "big", &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE);
  g_unlink (path);
  g_rmdir (dir);
}

/* Both lines of a key that is there twice go, when it is set. */
static void
test_twice_is_repaired (void)
{
  const char *text = "[AppVM]\nName=A\nMemory=lots\nMemory=512\nMemory=\n# end\n";
  g_autoptr (BhVmConfig) bad = bh_vm_config_parse ("a.vm", "a", text, strlen (text));
  g_autoptr (GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  g_autoptr (BhVmConfig) good = NULL;

  g_assert_false (bh_vm_config_check (bad, NULL));
  g_hash_table_insert (settings, (gpointer) "Memory", (gpointer) "640");
  good = bh_vm_config_with (bad, settings, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (bh_vm_config_check (good, &error));
  g_assert_no_error (error);
  g_assert_cmpint (bh_vm_config_get_int (good, "Memory"), ==, 640);
}

/* A copy has what this version does not know, too; one of a bad file is refused. */
static void
test_copy (void)
{
  const char *text = "# mine\n[AppVM]\nName=A\nTeleport=1\nMemory=512\n";
  const char *wrong = "[AppVM]\nName=A\nMemory=1\n";
  g_autoptr (BhVmConfig) one = bh_vm_config_parse ("a.vm", "a", text, strlen (text));
  g_autoptr (BhVmConfig) bad = bh_vm_config_parse ("b.vm", "b", wrong, strlen (wrong));
  g_autoptr (GError) error = NULL;
  g_autoptr (BhVmConfig) copy = bh_vm_config_copy (one, "a-copy", "A (copy)", &error);
  g_auto (GStrv) waiting = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (bh_vm_config_get (copy, "Name"), ==, "A (copy)");
  g_assert_cmpstr (bh_vm_config_get (copy, "Memory"), ==, "512");
  g_assert_cmpstr (bh_vm_config_get_id (copy), ==, "a-copy");
  g_assert_cmpuint (g_strv_length ((char **) bh_vm_config_get_problems (copy)), ==, 1);
  g_assert_false (bh_vm_config_equal (one, copy));
  g_assert_true (bh_vm_config_equal (one, one));
  g_assert_null (bh_vm_config_copy (bad, "c", "C", &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE);
  /* Of Memory and Name only the first needs a restart. */
  {
    g_autoptr (BhVmConfig) other = bh_vm_config_parse ("a.vm", "a", "[AppVM]\nName=B\n", 15);

    waiting = bh_vm_config_differences (one, other);
    g_assert_cmpuint (g_strv_length (waiting), ==, 1);
    g_assert_cmpstr (waiting[0], ==, "Memory");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vm-config/mistakes-have-lines", test_mistakes_have_lines);
  g_test_add_func ("/vm-config/unknown-keys-are-no-mistake", test_unknown_keys_are_no_mistake);
  g_test_add_func ("/vm-config/bad-values-fall-back", test_bad_values_fall_back);
  g_test_add_func ("/vm-config/round-trip", test_round_trip_keeps_what_it_does_not_know);
  g_test_add_func ("/vm-config/all-or-none", test_changes_are_all_or_none);
  g_test_add_func ("/vm-config/empty-is-default", test_empty_goes_back_to_the_default);
  g_test_add_func ("/vm-config/repair", test_mistakes_can_be_repaired);
  g_test_add_func ("/vm-config/ids", test_ids);
  g_test_add_func ("/vm-config/too-large", test_too_large_a_file_is_refused);
  g_test_add_func ("/vm-config/twice-is-repaired", test_twice_is_repaired);
  g_test_add_func ("/vm-config/copy", test_copy);
  return g_test_run ();
}
